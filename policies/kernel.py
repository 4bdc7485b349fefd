"""The decision: an item goes if some rule permits it, none prohibits it, and none failed to run."""

from policies.model import Decision, ItemDecision, Request

RULES: tuple[object, ...] = ()


def decide(request: Request, rules: tuple[object, ...] = RULES) -> Decision:
    """Decide every item of the packet (§2.13(a)); without rules nothing is permitted."""
    del rules
    items = tuple(ItemDecision(i.id, False, False, None, None, (), ()) for i in request.packet)
    return Decision("deny", False, items, (), frozenset({"generic_refusal"}), (), ())

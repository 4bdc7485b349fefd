"""An answer: what the engine decides about each item of a packet, and about the packet. Frozen values, no behaviour."""

from typing import NamedTuple

__all__ = ["Decision", "ItemDecision", "LayerVerdict"]


class ItemDecision(NamedTuple):
    """What becomes of one item. `basis`: the rule it rests on; `hold`: a person must look first."""

    item: str
    permitted: bool
    hold: bool
    basis: str | None
    consent: str | None
    reasons: tuple[str, ...]
    laws: tuple[str, ...]


class LayerVerdict(NamedTuple):
    """What one layer of law (federal, california, county) says by itself."""

    layer: str
    outcome: str
    reasons: tuple[str, ...]


class Decision(NamedTuple):
    """`outcome`: permit, partial, deny or not_applicable. `failed`: rules that could not run; they deny."""

    outcome: str
    hold: bool
    items: tuple[ItemDecision, ...]
    reasons: tuple[str, ...]
    obligations: frozenset[str]
    laws: tuple[str, ...]
    consents: tuple[str, ...]
    failed: tuple[str, ...] = ()
    edition: str = ""

    @property
    def released(self) -> tuple[str, ...]:
        return tuple(item.item for item in self.items if item.permitted)

    @property
    def withheld(self) -> dict[str, tuple[str, ...]]:
        return {item.item: item.reasons for item in self.items if not item.permitted}

"""A decision in plain words: for each item which rule, consent and fact decided, and what would let it go.

For the sender's own staff. The outside world gets one neutral refusal (§2.13(c)(2)).
"""

from typing import NamedTuple

from policies.codes import REASONS
from policies.findings import RuleBook
from policies.model import Decision, Item, ItemDecision, Request
from policies.nearest import to_be_said
from policies.rules import RULES
from policies.texts import LANGUAGES
from policies.texts.table import Text
from policies.vocabulary import BASE_OF, COUNSELING_NOTES, THE_PATIENT


class Explanation(NamedTuple):
    """One item and the sentences about it."""

    item: str
    text: str


def explain(
    request: Request,
    decision: Decision,
    language: str = "en",
    rules: RuleBook = RULES,
    *,
    past: bool = False,
) -> tuple[Explanation, ...]:
    """Every item of the packet, in the order of the packet; `past`: of what has been disclosed already, whatever the
    rules say. Raises KeyError for a language there is no table of.
    """
    text = LANGUAGES[language]
    if decision.outcome == "not_applicable":
        frame = text.frames["veterans" if decision.hold else "her_own"]
        return tuple(Explanation(item.item, frame) for item in decision.items)
    found = []
    for item, decided in zip(request.packet, decision.items, strict=True):
        words = wording(request, item, text)
        if decided.permitted:
            because = text.permits[decided.basis or ""].format(**words, consent=decided.consent or "")
            frame = text.frames["permitted" if past else "waits" if decided.hold else "goes"]
            said = frame.format(**words, because=because, law=", ".join(map(cite, decided.laws)))
        else:
            because = why_it_stays(request, item, decided, text, rules)
            said = text.frames["not_permitted" if past else "stays"].format(**words, because=because)
            said = f"{said} {text.frames['looks']}" if decided.hold and not past else said
        found.append(Explanation(item.id, said))
    return tuple(found)


def why_it_stays(request: Request, item: Item, decided: ItemDecision, text: Text, rules: RuleBook) -> str:
    """What decides, then what the nearest consent lacks; the consent is named where there are several."""
    told = to_be_said(request, item, decided, rules)
    sentences = [reason_sentence(code, request, item, text) for code in told.first]
    if told.nearest is not None and len(request.consents) > 1:
        sentences.append(text.frames["nearest"].format(consent=told.nearest))
    sentences += [reason_sentence(code, request, item, text) for code in told.lacks]
    return " ".join(sentences)


def reason_sentence(code: str, request: Request, item: Item, text: Text) -> str:
    """What one reason says about one item, with its paragraphs if a law has any."""
    said = text.reasons[code].format(**wording(request, item, text))
    laws = ", ".join(cite(law) for law in REASONS[code].laws if law not in {"design", "county"})
    return f"{said} ({laws})" if laws else said


def wording(request: Request, item: Item, text: Text) -> dict[str, str]:
    """The names and words that fill the sentences."""
    base = BASE_OF.get(request.purpose, request.purpose)
    cls = "summary" if item.information == COUNSELING_NOTES and not item.kept_apart else item.information
    return {
        "item": item.id,
        "recipient": _name(request, request.recipient, text),
        "discloser": _name(request, request.discloser, text),
        "purpose": text.purposes.get(base, base),
        "information": text.classes.get(cls, cls),
    }


def cite(law: str) -> str:
    """A paragraph of part 2 with its sign; other laws as they are called."""
    return f"§{law}" if law.startswith(("2.", "164.")) else law


def _name(request: Request, party: str, text: Text) -> str:
    if party == THE_PATIENT:
        return text.frames["the_patient"].lower()
    known = request.world.parties.get(party)
    return known.name if known else party

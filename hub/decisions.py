"""The question that a submission asks, and the decision about it, as they are stored; `hub.decide` makes them."""

from hub.bases.stated import Stated
from hub.manifest import ItemManifest
from hub.model import Frozen


class Asked(Frozen, frozen=True, kw_only=True):
    """The stated facts of a submission that a decision needs; stored with it, so that it can be asked again."""

    purpose: str
    items: tuple[ItemManifest, ...]
    kind: str | None = None
    """The kind of message; none: a question that is no message."""
    relationships: dict[str, str] = {}  # noqa: RUF012 - msgspec gives every value its own
    service: str = "counseling"
    calaim: bool = False
    agreements: tuple[str, ...] = ()
    stated: Stated | None = None
    """Bases other than a consent, in the policy's words."""

    @property
    def classes(self) -> dict[str, str]:
        """The class of information of each item, by its id."""
        return {item_id(number): item.information for number, item in enumerate(self.items, 1)}


class ItemRecord(Frozen, frozen=True, kw_only=True):
    item: str
    permitted: bool
    hold: bool
    basis: str | None
    consent: str | None
    reasons: tuple[str, ...]
    laws: tuple[str, ...]


class DecisionRecord(Frozen, frozen=True, kw_only=True):
    """A decision as it is stored, hashed into the ledger and explained again later."""

    outcome: str
    hold: bool
    items: tuple[ItemRecord, ...]
    reasons: tuple[str, ...]
    obligations: tuple[str, ...]
    laws: tuple[str, ...]
    consents: tuple[str, ...]
    failed: tuple[str, ...]
    edition: str
    discloser: str
    recipient: str
    purpose: str
    by: str
    ordered: bool = False
    """A court's order was stated: whatever would go waits for two people, also what another basis carries."""
    fence: int
    directory: int
    """Versions of the member's and of the directory's facts that it rests on."""

    @property
    def lacks_only_consent(self) -> bool:
        """Whether a consent would carry whatever was refused."""
        return all(reason.startswith(("consent.", "scope.", "notes.separate_consent")) for reason in self.reasons)


def item_id(number: int) -> str:
    """Items are numbered; a sender's own names could name a person."""
    return f"item-{number}"

"""One provision of a FHIR Consent in the words of the case format, and what of it was not understood."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from hub.fhir.shapes import (
    DOCUMENTS,
    HUB_CLASS,
    HUB_INFORMATION,
    HUB_PURPOSE,
    LABEL_SYSTEM,
    LABELS,
    LOINC,
    NPI,
    PURPOSE_SYSTEM,
    PURPOSES,
    Actor,
    Coding,
    Period,
    Provision,
    Reference,
)
from hub.storage.directory import Organization
from policies.vocabulary import CLASSES, COMPLETE_RECORD, CONSENT_PURPOSES, RECIPIENT_CLASSES, WITHOUT_NOTES

RECIPIENT_ROLES = frozenset({"IRCP", "PRCP"})
DISCLOSER_ROLES = frozenset({"CST"})
Recipient = str | dict[str, str]


class Unread(NamedTuple):
    """A criterion that was not understood: a code, and where it stands."""

    code: str
    where: str


class Criteria(NamedTuple):
    """What a provision speaks of; None: it does not say; an empty list: nothing of what it says is understood, or
    nothing is left of it. `unread`: what of it was not understood.
    """

    recipients: tuple[Recipient, ...] | None
    disclosers: tuple[str, ...] | None
    purposes: tuple[str, ...] | None
    information: tuple[str, ...] | None
    end: str | None
    unread: tuple[Unread, ...]


def criteria_of(
    provision: Provision, where: str, organizations: Mapping[str, Organization], now: datetime, *, wide: bool
) -> Criteria:
    """Read one provision. All its criteria hold together; members of one list stand for each other.

    `wide`: it denies, so that of several lists of classes each counts, and not only what they have in common.
    """
    unread: list[Unread] = []
    recipients = _read(provision.actor, f"{where}.actor", lambda each: _recipient(each, organizations), unread)
    purposes = _read(provision.purpose, f"{where}.purpose", _purpose, unread)
    kinds = [_read(each, f"{where}.class", _information, unread) for each in _kinds(provision) if each]
    unread += _unreadable(provision, where, now)
    return Criteria(
        recipients=tuple(each for each in recipients if each != "") if provision.actor else None,
        disclosers=_disclosers(provision, organizations),
        purposes=tuple(map(str, purposes)) if provision.purpose else None,
        information=_together([tuple(map(str, each)) for each in kinds], wide=wide) if kinds else None,
        end=provision.period.end if provision.period else None,
        unread=tuple(unread),
    )


def day_or_instant(text: str) -> date | datetime | None:
    """A FHIR date or dateTime of at least a day; None for a month, a year or no date."""
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None


def _read(
    items: Iterable[object], where: str, read: Callable[[Any], Recipient | None], unread: list[Unread]
) -> list[Recipient]:
    found: list[Recipient] = []
    for number, item in enumerate(items):
        value = read(item)
        if value is None:
            unread.append(Unread("unknown", f"{where}[{number}]"))
        else:
            found.append(value)
    return found


def _disclosers(provision: Provision, organizations: Mapping[str, Organization]) -> tuple[str, ...] | None:
    """Who keeps the data (CST), and of whom it is (`authoredby`): who is both, where both are stated."""
    keepers = [each.reference for each in provision.actor if _role(each) in DISCLOSER_ROLES]
    authors = [each.reference for each in provision.data if each.meaning == "authoredby"]
    lists = [
        tuple(filter(None, (_organization(each, organizations) for each in stated if each)))
        for stated in (keepers, authors)
        if stated
    ]
    return _together(lists, wide=False) if lists else None


def _together(lists: list[tuple[str, ...]], *, wide: bool) -> tuple[str, ...]:
    """What all the lists speak of; the complete record is every class but the notes that stand apart."""
    every = tuple(dict.fromkeys(value for each in lists for value in each))
    return every if wide else tuple(value for value in every if all(_covers(each, value) for each in lists))


def _covers(listed: tuple[str, ...], value: str) -> bool:
    return value in listed or (COMPLETE_RECORD in listed and value in WITHOUT_NOTES)


def _kinds(provision: Provision) -> tuple[tuple[Coding, ...], ...]:
    """Each element that names classes, since they narrow one another: a label and a document's type hold together."""
    codes = tuple(coding for concept in provision.code for coding in concept.coding)
    own = (Coding(system=HUB_INFORMATION, code=each.value_code) for each in provision.extension)
    stated = tuple(each for each in own if each.code) if _has_information(provision) else ()
    return provision.security_label, provision.class_, provision.document_type, codes, stated


def _has_information(provision: Provision) -> bool:
    return any(each.url == HUB_INFORMATION for each in provision.extension)


def _information(coding: Coding) -> str | None:
    if coding.system == HUB_INFORMATION and coding.code in CLASSES | {COMPLETE_RECORD}:
        return coding.code
    if coding.system == LABEL_SYSTEM and coding.code in LABELS:
        return LABELS[coding.code][0]
    return DOCUMENTS.get(coding.code or "") if coding.system == LOINC else None


def _purpose(coding: Coding) -> str | None:
    if coding.system == HUB_PURPOSE and coding.code in CONSENT_PURPOSES:
        return coding.code
    return PURPOSES.get(coding.code or "") if coding.system in {None, PURPOSE_SYSTEM} else None


def _recipient(actor: Actor, organizations: Mapping[str, Organization]) -> Recipient | None:
    """A recipient, "" for an actor in another role that is understood, None for one that is not."""
    role = _role(actor)
    if role in DISCLOSER_ROLES:
        return ""
    if (role is not None and role not in RECIPIENT_ROLES) or actor.reference is None or actor.modifier_extension:
        return None
    identifier = actor.reference.identifier
    if identifier and identifier.system == HUB_CLASS and identifier.value in RECIPIENT_CLASSES:
        return identifier.value
    known = _organization(actor.reference, organizations)
    if known is not None:
        return known
    return {"as_written": actor.reference.display[:120]} if actor.reference.display else None


def _role(actor: Actor) -> str | None:
    codes = [coding.code for coding in actor.role.coding] if actor.role else []
    return codes[0] if codes else None


def _organization(reference: Reference, organizations: Mapping[str, Organization]) -> str | None:
    """By the directory's id or by NPI; a name alone is matched by the policy, which knows of namesakes."""
    kind, _, name = (reference.reference or "").rpartition("/")
    if kind == "Organization" and name in organizations:
        return name
    identifier = reference.identifier
    if identifier is None or identifier.system != NPI:
        return None
    found = [each.id for each in organizations.values() if each.npi is not None and each.npi == identifier.value]
    return found[0] if len(found) == 1 else None


def _unreadable(provision: Provision, where: str, now: datetime) -> Iterable[Unread]:
    """Criteria that narrow a provision in a way that the elements of a consent cannot say."""
    narrowing = (
        ("action", bool(provision.action) and not _access(provision)),
        ("resourceType", bool(provision.resource_type)),
        ("dataPeriod", provision.data_period is not None),
        ("data", any(each.meaning != "authoredby" for each in provision.data)),
        ("expression", provision.expression is not None),
        ("period", _odd_period(provision.period, now)),
    )
    return [Unread("unsupported", f"{where}.{name}") for name, found in narrowing if found]


def _access(provision: Provision) -> bool:
    """`access` and `disclose` are what a disclosure is; any other action is something else."""
    return all(coding.code in {"access", "disclose"} for concept in provision.action for coding in concept.coding)


def _odd_period(period: Period | None, now: datetime) -> bool:
    """One that has not begun, or whose ends are no days."""
    if period is None:
        return False
    moments = [day_or_instant(text) for text in (period.start, period.end) if text is not None]
    if None in moments:
        return True
    start = day_or_instant(period.start) if period.start else None
    if isinstance(start, datetime):
        return start.tzinfo is None or start > now
    return start is not None and start > now.date()

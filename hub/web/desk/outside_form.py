"""The form of a disclosure made outside of the hub: what was filled in, as the record that the API takes.

What somebody need not say twice is not asked: who heard it in an emergency, who reported it, and the purpose that the
basis has by itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from hub.decide import OUTSIDER
from hub.errors import Malformed
from hub.outside.manifest import OutsideManifest, read_outside
from hub.web.pages.visit import Visit
from policies.vocabulary import CLASSES, PURPOSES, UNKNOWN_SOURCE

BASES: Mapping[str, str] = {
    "consent": "", "emergency": "", "order": "", "demand": "", "child_abuse": "child_abuse_report",
    "crime": "crime_report", "audit": "audit", "supervision": "supervision", "other": "",
}  # fmt: skip
"""What it may have rested on, with the purpose that it has by itself; `other`: something else, or nobody knows."""
PURPOSES_ASKED = PURPOSES - set(BASES.values()) - {"dual_enrollment", "research"}
"""Those that need no statement of their own."""
WHO: Mapping[str, tuple[str, ...]] = {
    "medical": ("medical_personnel", "provider"), "provider": ("provider",), "plan": ("health_plan", "covered_entity"),
    "court": ("court",), "probation": ("criminal_justice",), "police": ("law_enforcement",),
    "child_protection": ("child_abuse_authority",), "agency": ("oversight_agency",), "social": ("social_services",),
    "coroner": ("coroner",), "family": (), "lawyer": (), "else": (),
}  # fmt: skip
"""Who somebody may be that is in no directory, and the roles that the rules know for them."""
CRITERIA = ("no_other_means", "public_interest", "extremely_serious_crime", "substantial_value")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "consent": ("notice", "scope"),
    "emergency": ("recipient_person", "determined_by_name", "could_consent"),
    "order": ("court", "docket", "section"),
    "demand": ("demand_kind", "issued_by", "served"),
    "child_abuse": ("report",),
    "crime": ("crime_kind",),
    "audit": ("agreement", "authority", "audit_scope"),
    "supervision": ("recipient_person", "case"),
    "other": (),
}
CONSENT = "consent"
HELD = ("patient", "ordinary", "qsoa", "emergency", "audit", "research", "mistake")
"""How what another one made may have come, besides with a consent (`policies.vocabulary.HOLDINGS`)."""
_UNSTATED = ("consent", "other")
"""What has no statement of its own, and may have had the notice with it."""
_MOST = 2_000


class Wrong(Exception):
    """Which field, and the key of what is said beside it."""

    def __init__(self, field: str, said: str = "registers.missing") -> None:
        super().__init__(said)
        self.field, self.said = field, said


def read(visit: Visit, member: str) -> tuple[bytes, OutsideManifest]:
    """The record, and its bytes, the same whenever the same form is sent. Raises `Wrong`."""
    raw = msgspec.json.encode(_stated(visit, member))
    try:
        return raw, read_outside(raw)
    except Malformed as error:
        raise wrong(error) from None


def wrong(error: Malformed) -> Wrong:
    """Beside which field a refusal of the record is said."""
    path = (error.field or "").removeprefix("$.").replace("[0]", "")
    said = "registers.too_long" if error.detail_code == "text-too-long" else _SAID.get(path, "registers.wrong_field")
    return Wrong(_FIELDS.get(path, path.rpartition(".")[2]), said)


_FIELDS = {
    "made_at": "day", "held_under": "held", "somebody": "name", "somebody.roles": "who",
    "emergency.consent": "could_consent", "demand.kind": "demand_kind", "demand.reference": "served",
    "audit.scope": "audit_scope", "audit.agreement": "agreement", "crime.kind": "crime_kind",
}  # fmt: skip
_SAID = {"made_at": "outside.not_yet"}


def _stated(visit: Visit, member: str) -> dict[str, Any]:
    basis = _word(visit, "basis", BASES)
    for name in ("discloser_name", "told", *_NEEDED[basis]):
        # Somebody who is in no directory is named already.
        if not visit.field(name, _MOST) and not (name == "recipient_person" and _person(visit)):
            raise Wrong(name)
    person = visit.field("recipient_person", 200)
    found: dict[str, Any] = {
        "member": {"id": member},
        "made_at": _moment(visit),
        "way": _word(visit, "way", None),
        "purpose": BASES[basis] or _word(visit, "purpose", PURPOSES_ASKED),
        "information": _many(visit, "information", CLASSES),
        "told": visit.field("told", _MOST),
        "discloser_name": visit.field("discloser_name", 200),
        "recipient_person": person,
        **_recipient(visit),
        **_whence(visit),
        **_basis(visit, basis),
        "basis": basis if basis in _UNSTATED else None,
    }
    for name in ("notice", "scope", "corrects", "reason"):
        if visit.field(name, _MOST) and (basis in _UNSTATED or name not in ("notice", "scope")):
            found[name] = visit.field(name, _MOST)
    return found


def _recipient(visit: Visit) -> dict[str, Any]:
    recipient = _word(visit, "recipient", None)
    if recipient != OUTSIDER:
        return {"recipient": recipient}
    if not visit.field("name", 200):
        raise Wrong("name")
    somebody = {name: visit.field(name, 200) for name in ("name", "address")}
    return {
        "somebody": {
            **somebody, "organization": visit.field("at", 200), "roles": WHO[_word(visit, "who", WHO)],
        }
    }  # fmt: skip


def _whence(visit: Visit) -> dict[str, Any]:
    """Whose it was that was told, if another one made it, and how the program came to hold it."""
    source = visit.field("source", 64)
    if not source:
        return {}
    found = {"source": source}
    if source != UNKNOWN_SOURCE or visit.field("held"):
        held = _word(visit, "held", (CONSENT, *HELD))
        if held == CONSENT and not visit.field("held_consent", 64):
            raise Wrong("held_consent", "outside.choose_consent")
        found["held_under"] = visit.field("held_consent", 64) if held == CONSENT else held
    if visit.field("received"):
        found["received"] = _received(visit)
    return found


def _received(visit: Visit) -> str:
    """At noon of its day; of the day on which it was told, just then."""
    day, moment = visit.field("received", 20), _moment(visit)
    return moment if day == visit.field("day") else _local(visit, "received", f"{day}T12:00")


def _basis(visit: Visit, basis: str) -> dict[str, Any]:
    """What the record states of it; of a consent nothing: the rules find it."""
    stated = _STATED.get(basis)
    return stated(visit) if stated else {}


def _emergency(visit: Visit) -> dict[str, Any]:
    given = {name: visit.field(name, 200) for name in ("determined_by_name", "discloser_name")}
    return {
        "emergency": {
            **given, "determined_by": "clinician", "consent": visit.field("could_consent"),
            "recipient_name": _person(visit), "recipient_facility": visit.field("facility", 200) or "-",
            "nature": visit.field("nature", _MOST),
        }
    }  # fmt: skip


def _child_abuse(visit: Visit) -> dict[str, Any]:
    report = {"report": visit.field("report", 200), "made_by_name": visit.field("discloser_name", 200)}
    return {"child_abuse": report | {"at": _moment(visit)}}


def _crime(visit: Visit) -> dict[str, Any]:
    crime = {"kind": visit.field("crime_kind"), "reported_by_name": visit.field("discloser_name", 200)}
    return {"crime": crime | {"at": _moment(visit)}}


def _audit(visit: Visit) -> dict[str, Any]:
    given = {name: visit.field(name, 200) for name in ("agreement", "authority")}
    return {"audit": given | {"scope": visit.field("audit_scope", _MOST)}}


def _supervision(visit: Visit) -> dict[str, Any]:
    stated = {name: visit.field(name) == "yes" for name in ("condition", "monitors")}
    return {"supervision": stated | {"case": visit.field("case", 200), "officer": _person(visit)}}


def _person(visit: Visit) -> str:
    return visit.field("recipient_person", 200) or visit.field("name", 200)


def _order(visit: Visit) -> dict[str, Any]:
    order: dict[str, Any] = {name: visit.field(name, 200) for name in ("section", "court", "docket")}
    order |= {
        "document": "paper",
        "holder": visit.field("organization", 64),
        "recipients": [visit.field("recipient", 64)],
        "information": visit.form.get("information", []),
        "criteria": [each for each in visit.form.get("criteria", []) if each in CRITERIA],
    }
    if visit.field("mandate", 200):
        order["mandate"] = visit.field("mandate", 200)
    return {"order": order, "against": visit.field("against") or "unclear"}


def _demand(visit: Visit) -> dict[str, Any]:
    demand = {"kind": visit.field("demand_kind"), "issued_by": visit.field("issued_by", 200), "document": "paper"}
    demand["reference"] = visit.field("served", 200)
    if visit.field("assurances", 200):
        demand["assurances"] = visit.field("assurances", 200)
    return {"demand": demand, "against": visit.field("against") or "unclear"}


_STATED: Mapping[str, Callable[[Visit], dict[str, Any]]] = {
    "emergency": _emergency, "order": _order, "demand": _demand, "child_abuse": _child_abuse, "crime": _crime,
    "audit": _audit, "supervision": _supervision,
}  # fmt: skip


def _moment(visit: Visit) -> str:
    """Day and time on the county's clock, with its offset from UTC."""
    for name in ("day", "time"):
        if not visit.field(name, 20):
            raise Wrong(name)
    return _local(visit, "day", f"{visit.field('day')}T{visit.field('time')}")


def _local(visit: Visit, name: str, written: str) -> str:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=visit.hub.zone).isoformat()
    except (ValueError, OverflowError):
        raise Wrong(name, "registers.wrong_field") from None


def _word(visit: Visit, name: str, known: Any) -> str:
    text = visit.field(name, 64)
    if not text or (known is not None and text not in known):
        raise Wrong(name)
    return text


def _many(visit: Visit, name: str, known: frozenset[str]) -> list[str]:
    given = visit.form.get(name, [])
    if not given or not known.issuperset(given):
        raise Wrong(name)
    return sorted(set(given))

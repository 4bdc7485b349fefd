"""A ledger entry as an audit message for an ATNA repository (ITI-20): DICOM PS3.15 A.5 XML inside RFC 5424 syslog.

Rules kept here:
- Ids only: the patient is the hub's own id, people are `organization/token`. Who has the log learns no name from it.
- Every disclosure at its intent (Export, outcome 0), one that failed or whose end nobody saw again at its conclusion
  (outcome 8 or 4), every view by a person (Patient Record, read).
- One made outside of the hub when it is recorded, with the time at which it was made.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from hub.crypto.ledger import LedgerEntry
from hub.storage.facts import instant

_PRIORITY = 10 * 8 + 5
"""Facility 10, security; severity 5, notice (RFC 5424 section 6.2.1)."""
_APP, _MESSAGE = "part2hub", "DICOM+RFC3881"
_EXPORT, _RECORD = ("110106", "Export"), ("110110", "Patient Record")
_ALERT = ("110113", "Security Alert")
_SOURCE, _DESTINATION = ("110153", "Source Role ID"), ("110152", "Destination Role ID")
_OUTCOME = {"unknown": "4", "deferred": "8", "refused": "8"}


def message(entry: LedgerEntry, body: dict[str, Any], host: str) -> bytes | None:
    """The syslog message of an entry; none for an entry that is no audit event."""
    make = _MAKERS.get(entry.kind)
    xml = make(entry, body) if make else None
    if xml is None:
        return None
    at = instant(entry.at)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{_PRIORITY}>1 {stamp} {host} {_APP} - {_MESSAGE} - \ufeff{xml}".encode()


def _intended(entry: LedgerEntry, body: dict[str, Any]) -> str:
    parties = [
        _participant(body["discloser"], _SOURCE, requestor=True),
        _participant(body["recipient"], _DESTINATION, requestor=False),
    ]
    objects = [
        _object(entry.member, "1", "1", ("2", "Patient Number")),
        _object(entry.reference, "2", "3", ("9", "Report Number")),
    ]
    made = instant(body.get("made_at", entry.at))
    return _event(_EXPORT, "R", made, "0", parties, objects, [*body["laws"], body["purpose"], body.get("way", "")])


def _concluded(entry: LedgerEntry, body: dict[str, Any]) -> str | None:
    outcome = _OUTCOME.get(body["outcome"])
    if outcome is None:
        return None
    objects = [
        _object(entry.member, "1", "1", ("2", "Patient Number")),
        _object(entry.reference, "2", "3", ("9", "Report Number")),
    ]
    parties = [_participant("part2hub", _SOURCE, requestor=False)]
    return _event(_EXPORT, "R", instant(entry.at), outcome, parties, objects, [body["code"]])


def _viewed(entry: LedgerEntry, body: dict[str, Any]) -> str:
    parties = [_participant(body["by"], None, requestor=True)]
    people = [entry.member] if entry.member else body.get("members", [])
    objects = [_object(each, "1", "1", ("2", "Patient Number")) for each in people]
    objects += [_object(entry.reference, "2", "3", ("9", "Report Number"))] if entry.reference else []
    # HL7 ActReason: broken glass.
    return _event(
        _RECORD, "R", instant(entry.at), "0", parties, objects, [body["what"], "BTG" if "glass" in body else ""]
    )


def _glass(entry: LedgerEntry, body: dict[str, Any]) -> str:
    """PS3.16 CID 400 and 401: Security Alert, Emergency Override Started or Stopped."""
    parties = [_participant(body["by"], None, requestor=True)]
    objects = [_object(entry.member, "1", "1", ("2", "Patient Number"))] if entry.member else []
    objects.append(_object(entry.reference, "2", "3", ("9", "Report Number")))
    started = entry.kind == "glass.broken"
    types = ["110127" if started else "110138", *([body["reason"]] if started else [])]
    return _event(_ALERT, "E", instant(entry.at), "0", parties, objects, types)


_MAKERS: dict[str, Callable[[LedgerEntry, dict[str, Any]], str | None]] = {
    "disclosure.intended": _intended,
    "disclosure.recorded": _intended,
    "disclosure.concluded": _concluded,
    "access.viewed": _viewed,
    "glass.broken": _glass,
    "glass.ended": _glass,
}


def _event(
    kind: tuple[str, str],
    action: str,
    at: datetime,
    outcome: str,
    parties: list[str],
    objects: list[str],
    types: list[str],
) -> str:
    """PS3.15 A.5.1, in the order that its schema asks for."""
    coded = "".join(f"<EventTypeCode{_code((each, each), 'part2hub')}/>" for each in types if each)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AuditMessage>'
        f'<EventIdentification EventActionCode="{action}" EventDateTime="{at.isoformat(timespec="milliseconds")}"'
        f' EventOutcomeIndicator="{outcome}"><EventID{_code(kind, "DCM")}/>{coded}</EventIdentification>'
        f'{"".join(parties)}<AuditSourceIdentification AuditSourceID="{_APP}"/>{"".join(objects)}</AuditMessage>'
    )


def _participant(user: str, role: tuple[str, str] | None, *, requestor: bool) -> str:
    coded = f"<RoleIDCode{_code(role, 'DCM')}/>" if role else ""
    is_one = "true" if requestor else "false"
    return f'<ActiveParticipant UserID={quoteattr(user)} UserIsRequestor="{is_one}">{coded}</ActiveParticipant>'


def _object(name: str | None, kind: str, role: str, code: tuple[str, str]) -> str:
    return (
        f"<ParticipantObjectIdentification ParticipantObjectID={quoteattr(name or '')}"
        f' ParticipantObjectTypeCode="{kind}" ParticipantObjectTypeCodeRole="{role}">'
        f"<ParticipantObjectIDTypeCode{_code(code, 'RFC-3881')}/></ParticipantObjectIdentification>"
    )


def _code(code: tuple[str, str], system: str) -> str:
    return f" csd-code={quoteattr(code[0])} codeSystemName={quoteattr(system)} originalText={quoteattr(code[1])}"

"""The CSV layouts a partner may drop, row by row (deploy/CSV.md): notices and referrals.

Rules kept: a row is understood whole or refused with a code; codes and line numbers say what is wrong, values never
do; a column nobody knows refuses the file, since leaving it out could leave out a restriction.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime

import msgspec

from adapters.mllp import notices
from adapters.mllp.referrals import REFERRAL, Referral
from adapters.mllp.restrictions import Effect, Restriction
from adapters.mllp.times import Zone
from adapters.mllp.visits import KINDS, Visit
from hub.arrivals import ArrivedPacket
from hub.errors import Malformed
from hub.model import Event, Frozen, MemberIdentity, MessageKind

MAX_ROWS = 20_000
NOTICES = (
    "row_id", "event", "event_at", "cin", "family", "given", "born", "visit", "setting", "place", "disposition",
    "restricted", "recipients",
)  # fmt: skip
REFERRALS = (
    "row_id", "step", "step_at", "cin", "family", "given", "born", "referral", "to", "reason", "asked_for",
    "restricted",
)  # fmt: skip
_NEEDED = {NOTICES: NOTICES[:7], REFERRALS: REFERRALS[:8]}
_SETTINGS = ("", "emergency", "inpatient", "residential", "outpatient")
_CIN = re.compile(r"[0-9]{8}[A-Z]")
SEPARATORS = (",", ";", "\t")
"""The comma of RFC 4180, and what spreadsheets write where the comma stands in numbers; the header tells which."""
_SEPARATOR = re.compile(r"sep=[,;\t]\r?\n", re.IGNORECASE)
_YEARS = range(1900, 2200)
"""What is beyond cannot be written as an instant everywhere."""
_YES = {"Y": True, "YES": True, "N": False, "NO": False, "": False}


class Wrong(Exception):
    """A row that is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Row(Frozen, frozen=True, kw_only=True):
    """One row: its line in the file, what identifies it, and its packet or why there is none."""

    line: int
    id: str = ""
    raw: bytes = b""
    packet: ArrivedPacket | None = None
    code: str = ""


def rows(content: bytes, zone: Zone, purpose: str) -> tuple[str, list[Row]]:
    """Which layout it is, and its rows. Raises `Malformed` with a code of the whole file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The file is not UTF-8.", code="not-utf-8") from None
    stated = _SEPARATOR.match(text)  # a line of its own by which a spreadsheet names what separates cells
    text = text[stated.end() :] if stated else text
    try:
        for separator in SEPARATORS:
            lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
            header = [name.strip().lower() for name in next(lines, [])]
            if (layout := _layout(header)) is not None:
                found = list(_read(lines, header, layout, zone, purpose, 3 if stated else 2))
                return ("notices" if layout is NOTICES else "referrals"), found
    except csv.Error:
        raise Malformed("The file is not CSV (RFC 4180).", code="not-csv") from None
    raise Malformed("The header is of no layout known here.", code="header-unknown")


def _layout(header: list[str]) -> tuple[str, ...] | None:
    for layout, needed in _NEEDED.items():
        if set(needed) <= set(header) <= set(layout) and len(set(header)) == len(header):
            return layout
    return None


def _read(
    lines: Iterator[list[str]], header: list[str], layout: tuple[str, ...], zone: Zone, purpose: str, first: int
) -> Iterator[Row]:
    understand: Callable[[dict[str, str], Zone, str], ArrivedPacket] = _notice if layout is NOTICES else _referral
    for number, values in enumerate(lines, first):
        if not any(value.strip() for value in values):
            continue
        if number > MAX_ROWS + 1:
            raise Malformed("The file has too many rows.", code="too-many-rows")
        cells = dict(zip(header, (value.strip() for value in values), strict=False))
        try:
            _check_row(values, header, cells)
            raw = msgspec.json.encode([layout is NOTICES, sorted(cells.items())])
            yield Row(line=number, id=cells["row_id"], raw=raw, packet=understand(cells, zone, purpose))
        except Wrong as wrong:
            yield Row(line=number, code=wrong.code)


def _check_row(values: list[str], header: list[str], cells: dict[str, str]) -> None:
    if len(values) != len(header):
        raise Wrong("wrong-number-of-cells")
    if not 0 < len(cells["row_id"]) <= 100:
        raise Wrong("row-id-missing")
    if any(value.startswith("=") for value in cells.values()):
        raise Wrong("formula")  # what a spreadsheet would have calculated, not what it calculated


def _notice(cells: dict[str, str], zone: Zone, purpose: str) -> ArrivedPacket:
    event, at, restricted = cells["event"].lower(), _instant(cells["event_at"], zone), _restricted(cells)
    setting, number = cells.get("setting", "").lower(), cells.get("visit", "")
    if event not in KINDS:
        raise Wrong("unknown-event")
    if setting not in _SETTINGS:
        raise Wrong("unknown-setting")
    cancels = event.endswith("_cancelled")
    if cancels and not number:
        raise Wrong("visit-missing")
    visit = Visit(
        event=event,
        at=at,
        setting=setting,
        number=number,
        place=cells.get("place", ""),
        disposition=cells.get("disposition", ""),
    )
    return ArrivedPacket(
        kind=KINDS[event],
        purpose=purpose,
        person=_person(cells),
        documents=(notices.notice(visit, restricted, zone),),
        event=visit.reported,
        recipients=tuple(cells.get("recipients", "").split()),
        review=("restricted.file",) if restricted else (),
        thread=f"visit/{number}" if number else "",
        place="retracts" if cancels else "opens",
    )


def _referral(cells: dict[str, str], zone: Zone, _: str) -> ArrivedPacket:
    step, at, restricted = cells["step"].lower(), _instant(cells["step_at"], zone), _restricted(cells)
    if step not in (REFERRAL, *notices.STEPS):
        raise Wrong("unknown-step")
    if not cells["referral"]:
        raise Wrong("referral-missing")
    if step == REFERRAL and not cells.get("to"):
        raise Wrong("recipient-missing")
    referral = Referral(step=step, id=cells["referral"], reason=cells.get("reason", ""))
    if step == REFERRAL:
        lines = [
            "Referral",
            notices.labelled("Referral", referral.id),
            notices.labelled("Reason", referral.reason),
            notices.labelled("Asked for", cells.get("asked_for", "")),
            notices.RESTRICTED if restricted else "",
        ]
        document = notices.text_item("request", "Referral request", "summary", lines)
    else:
        document = notices.status(referral, "", restricted)
    return ArrivedPacket(
        kind=MessageKind.REFERRAL_PACKET if step == REFERRAL else MessageKind.STATUS_REPORT,
        purpose="treatment",
        person=_person(cells),
        documents=(document,),
        event=None if step == REFERRAL else Event(kind=step, at=at),
        recipients=(cells["to"],) if step == REFERRAL else (),
        review=("restricted.file",) if restricted else (),
        thread=f"referral/{referral.id}",
        place="opens" if step == REFERRAL else "answers",
    )


def _person(cells: dict[str, str]) -> MemberIdentity:
    cin = "".join(cells["cin"].split()).upper()
    if cin and not _CIN.fullmatch(cin):
        raise Wrong("bad-cin")
    try:
        born = date.fromisoformat(cells["born"]).isoformat()
    except ValueError:
        raise Wrong("bad-birth-date") from None
    if not cells["family"] or not cells["given"]:
        raise Wrong("name-missing")
    return MemberIdentity(given=cells["given"][:200], family=cells["family"][:200], born=born, cin=cin)


def _instant(text: str, zone: Zone) -> int:
    """RFC 3339; a time without offset is the county's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong("bad-time") from None
    if len(text) < len("2026-03-06T22:40"):
        raise Wrong("bad-time")  # a date alone starts no clock of hours
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if moment.year not in _YEARS:
        raise Wrong("bad-time")
    return int(moment.timestamp() * 1_000_000)


def _restricted(cells: dict[str, str]) -> tuple[Restriction, ...]:
    stated = cells.get("restricted", "").upper()
    # What nobody knows is read as a restriction.
    return (Restriction("FILE", "Y", Effect.PERSON),) if _YES.get(stated, True) else ()

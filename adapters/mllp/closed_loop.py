"""A parcel as the message that IHE 360X puts beside its documents in a Direct mail: a referral as OMG^O19, what became
of it as OSU^O51 (Closed Loop Referral, payload guide of 2022-02; HL7 v2.5.1).

Rules kept: the referral's id is the disclosure's, with an assigning authority, in ORC-2 and OBR-2, so that every answer
names it; no acknowledgement is asked for (MSH-15, MSH-16 NE); the mail's own cover carries notice and consent copy, the
message their short form (§2.32(a)(2)); no document is in the message, as the package holds them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from adapters.mllp.escapes import escape
from adapters.mllp.render import header, number_of, order, patient, segment
from adapters.mllp.times import stamp
from hub.model import MessageKind, Parcel, Priority

REFERRALS = "2.25.156660757451126747527589144050845336573"
"""The OID under which the hub numbers its referrals, a UUID's (ITU-T X.667)."""
_PROFILE = {14: "NE", 15: "NE", 20: "360X"}
"""MSH-15, MSH-16 and MSH-21."""
_REQUEST, _STATUS = "urn:ihe:pcc:360x:hl7:OMG:O19:2017", "urn:ihe:pcc:360x:hl7:OSU:O51:2017"


class ClosedLoop(NamedTuple):
    """The message, the IHE format code that the package's metadata gives it, and the referral's number."""

    message: bytes
    format_code: str
    number: str


def closed_loop(parcel: Parcel, address: str, system: str) -> ClosedLoop | None:
    """The parcel's message; none for a kind that 360X has not.

    `address` is the Direct address that answers go to, `system` the OID of the authority for CINs.
    """
    if parcel.kind is MessageKind.REFERRAL_PACKET:
        return ClosedLoop(_written(_request(parcel, address, system)), _REQUEST, parcel.disclosure)
    if parcel.kind is MessageKind.STATUS_REPORT:
        return ClosedLoop(_written(_status(parcel, system)), _STATUS, number_of(parcel))
    return None


def _request(parcel: Parcel, address: str, system: str) -> Iterator[str]:
    number = f"{parcel.disclosure}^PART2HUB^{REFERRALS}^ISO"
    at, by = stamp(parcel.created_at), escape(parcel.sender.name)
    yield header(parcel, "OMG", "O19", "OMG_O19", _PROFILE)
    yield from _notice(parcel)
    yield patient(parcel, system)
    who = {12: f"{parcel.sender.npi}^{by}", 14: f"^NET^Internet^{escape(address)}", 21: by}
    yield segment("ORC", {1: "NW", 2: number, 9: at, **who})
    yield segment("TQ1", {1: "1", 9: "S" if parcel.priority is Priority.URGENT else "R"})
    yield segment("OBR", {1: "1", 2: number, 4: "57133-1^Referral note^LN", 7: at, 16: f"{parcel.sender.npi}^{by}"})


def _status(parcel: Parcel, system: str) -> Iterator[str]:
    yield header(parcel, "OSU", "O51", "OSU_O51", _PROFILE)
    yield from _notice(parcel)
    yield patient(parcel, system)
    yield order(parcel)


def _notice(parcel: Parcel) -> Iterator[str]:
    if parcel.accompaniment.notice_short:
        yield segment("NTE", {1: "1", 2: "P", 3: escape(parcel.accompaniment.notice_short)})


def _written(segments: Iterator[str]) -> bytes:
    return "".join(f"{each}\r" for each in segments).encode()

"""Hostile and damaged content of mail that opened: packages, contexts, notices, nested MIME, enclosed v2 messages. A
reader answers with what it understood or with its own error, and never fails."""

import contextlib
import io
import random
import zipfile
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.email.context.model import Context, ContextError
from adapters.email.context.read import find_context
from adapters.email.intake.content import Readers, Unread, content_of
from adapters.email.intake.parts import parts_in
from adapters.email.mime import MimeError, read_entity
from adapters.email.notices.build import About, disposition
from adapters.email.notices.form import is_notice
from adapters.email.notices.read import read_notices
from adapters.email.packed import Enclosed, package_of
from adapters.email.xdm.model import Package, XdmError
from adapters.email.xdm.read import read_package
from adapters.mllp.closed_loop import REFERRALS, closed_loop
from adapters.mllp.message import Message
from adapters.mllp.peers import Peer
from adapters.mllp.reading import read as read_v2
from hub.arrivals import ArrivedPacket
from hub.errors import Malformed
from hub.model import ChannelKind, Endpoint
from tests.contract.channel_parcel import sample_parcel
from tests.direct import AT
from tests.direct_town import packet
from tests.statuses import delivery_failure

ENDPOINT = Endpoint(id="e", organization="o", channel=ChannelKind.EMAIL, address="intake@clinic.example")
PARCEL = sample_parcel(ENDPOINT)
LOOP = closed_loop(PARCEL, "hub@hub.example", "1.2.3")
assert LOOP is not None
ZIP = package_of(PARCEL, "hub@hub.example", Enclosed(LOOP.message, LOOP.format_code, LOOP.number, REFERRALS))
ABOUT = About("m1@clinic.example", "nurse@clinic.example", "intake@hub.example", "n1@hub.example", AT)
NOTICES = (disposition(ABOUT, "processed"), disposition(ABOUT, "dispatched"), delivery_failure(ABOUT, "5.1.1", "x"))
SPLICES = (
    b"\r\n",
    b"\0",
    b"--b1",
    b"--b1--",
    b";",
    b"=",
    b"<",
    b"^",
    b"|",
    b"&",
    b"\xff\xfe",
    b"1" * 40,
    b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n",
)
CONTEXT = (
    "X-Direct-Context: <c@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-ID: <c@x>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b--\r\n"
)
LOCAL = ZoneInfo("America/Los_Angeles")


def readers() -> Readers:
    def v2(raw: bytes) -> ArrivedPacket | None:
        found = read_v2(Message.read(raw), raw, zone=LOCAL, now=AT, peer=Peer(organization="", purpose="treatment"))
        content = found.arrival.content if found.arrival is not None else None
        return content if isinstance(content, ArrivedPacket) else None

    return Readers(v2=v2, organization=lambda _: "lantern")


def damaged(whole: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Flipped, cut, doubled, moved and spliced: the same ones each time."""
    chance = random.Random(seed)
    for _ in range(count):
        found = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(found) or 1)
            match chance.randrange(5):
                case 0:
                    found[at] ^= 1 << chance.randrange(8)
                case 1:
                    del found[at : at + chance.randrange(1, 200)]
                case 2:
                    found[at:at] = found[at : at + chance.randrange(1, 400)]
                case 3:
                    found[at:at] = chance.choice(SPLICES)
                case _:
                    del found[at:]
            found = found or bytearray(b"x")
        yield bytes(found)


def test_a_damaged_package_is_read_or_refused() -> None:
    for each in damaged(ZIP, 1, 1500):
        with contextlib.suppress(XdmError):
            assert isinstance(read_package(each), Package)


@given(st.binary(max_size=400))
def test_what_is_no_package_is_refused(noise: bytes) -> None:
    for each in (noise, b"PK\x03\x04" + noise, ZIP[:60] + noise + ZIP[-60:]):
        with pytest.raises(XdmError):
            read_package(each)


METADATA = st.text(st.sampled_from('<>&;"/!?[]= \nSlotValueListExtrinsicObjectRegistryPackage:{}#x0urn'), max_size=300)


@given(METADATA)
def test_metadata_of_any_shape_is_read_or_refused(text: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("IHE_XDM/SUBSET01/METADATA.XML", text)
    with pytest.raises(XdmError):
        read_package(out.getvalue())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("version", "id", "patient-id", "type", "purpose", "patient", "encapsulation", "x")),
            st.text(max_size=60),
        ),
        max_size=8,
    )
)
def test_a_context_of_any_words_is_read_or_refused(lines: list[tuple[str, str]]) -> None:
    raw = CONTEXT.format(text="\r\n".join(f"{name}: {value}" for name, value in lines))
    with contextlib.suppress(MimeError, ContextError):
        assert isinstance(find_context(read_entity(raw.encode("utf-8", "replace"))), Context | None)


@pytest.mark.parametrize("whole", NOTICES, ids=["processed", "dispatched", "dsn"])
def test_a_damaged_notice_says_what_it_says_and_nothing_that_fails(whole: bytes) -> None:
    for each in damaged(whole, 2, 1500):
        try:
            message = read_entity(each)
        except MimeError:
            continue
        is_notice(message)
        for notice in read_notices(message):
            assert len(notice.recipient) <= len(each)


def nested(parts: list[bytes]) -> bytes:
    body = b"".join(b"--b\r\n" + each + b"\r\n" for each in parts)
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


MAILS = {
    "context": packet(),
    "360x": packet()
    .replace(b"text/xml", b"application/zip")
    .replace(b"<ClinicalDocument", ZIP + b"<ClinicalDocument", 1),
    "v2": packet().replace(b"text/xml", b"x-application/hl7-v2+er7").replace(b"<ClinicalDocument", LOOP.message + b"<"),
}


@pytest.mark.parametrize("name", MAILS)
def test_a_damaged_message_becomes_a_packet_or_nothing(name: str) -> None:
    for each in damaged(MAILS[name], 3, 1000):
        try:
            message = read_entity(each)
        except MimeError:
            continue
        found = content_of(message, "lantern@hub.example", lambda _: "", readers(), wrapped=True)
        assert isinstance(found, ArrivedPacket | Unread)


@given(
    st.recursive(
        st.sampled_from(
            (
                b"Content-Type: text/plain\r\n\r\nx",
                b"\r\nx",
                b"",
                b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny",
            )
        ),
        lambda inner: st.lists(inner, max_size=4).map(nested),
        max_leaves=30,
    )
)
def test_nesting_of_any_depth_is_told_apart_or_refused(raw: bytes) -> None:
    with contextlib.suppress(MimeError, Malformed):
        assert len(parts_in(read_entity(raw))) <= 200

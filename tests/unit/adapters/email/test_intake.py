"""What a mail is to the hub: hostile ones are kept for a person, and one about two people goes no further by itself."""

import asyncio

import msgspec
import pytest

from adapters.email.intake.content import Readers, Unread, content_of
from adapters.email.intake.reading import MailReader
from adapters.email.mime import read_entity
from hub.arrivals import ArrivedPacket
from hub.model import Document, MemberIdentity, MessageKind
from tests.direct import AT
from tests.unit.adapters.email.opening import HUB, TRUST
from tests.unit.adapters.email.opening import mail as sealed_mail

TO = "hub@hub.example"
NORA = MemberIdentity(given="Nora", family="Quill", born="1988-04-11")
REFERRAL = ArrivedPacket(kind=MessageKind.REFERRAL_PACKET, purpose="treatment", person=NORA, documents=())


def readers(packet: ArrivedPacket | None = None) -> Readers:
    return Readers(v2=lambda _: packet, organization=lambda _: "")


def cda(given: str) -> str:
    name = f"<name><given>{given}</given><family>Quill</family></name>"
    patient = f'<patient>{name}<birthTime value="19880411"/></patient>'
    role = f"<recordTarget><patientRole>{patient}</patientRole></recordTarget>"
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="34133-9"/>{role}</ClinicalDocument>'


def mail(*parts: tuple[str, str], head: str = "") -> bytes:
    body = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{content}\r\n" for kind, content in parts)
    return f"{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n".encode()


def packet_in(
    raw: bytes, v2: ArrivedPacket | None = None, delivery: str = "", *, wrapped: bool = True
) -> ArrivedPacket:
    found = content_of(read_entity(raw), TO, lambda _: delivery, readers(v2), wrapped=wrapped)
    assert isinstance(found, ArrivedPacket)
    return found


@pytest.mark.parametrize(
    "content_type",
    [
        f"text/plain; report-type*{'1' * 5000}=a",
        "text/plain; report-type*0=a; report-type=b; report-type*=c",
        "application/octet-stream; name*=a\0b''x.p7m",
    ],
)
def test_a_mail_whose_headers_make_the_library_fail_is_kept_for_a_person(content_type: str) -> None:
    reader = MailReader(
        keys=[HUB.opening], trust=lambda _: TRUST, now=lambda: AT, delivery=lambda _: "", readers=readers()
    )
    raw = f"From: a@b.example\r\nContent-Type: {content_type}\r\n\r\nx".encode()
    arrival = asyncio.run(reader.read(raw, TO))
    assert (arrival.raw, arrival.content) == (raw, None)
    assert arrival.trouble


def test_a_document_in_a_character_set_that_is_none_is_a_document_of_unstated_kind() -> None:
    packet = packet_in(mail(("text/xml", '<?xml version="1.0" encoding="hex"?><a/>')))
    assert [each.media_type for each in packet.documents] == ["text/xml"]
    assert "information.unstated" in packet.review


def test_a_referral_with_a_document_of_another_person_waits_for_a_person() -> None:
    packet = packet_in(mail(("application/hl7-v2+er7", "MSH|"), ("text/xml", cda("Otto"))), REFERRAL)
    assert "person.several" in packet.review


def test_a_referral_with_a_document_of_the_same_person_goes_on() -> None:
    packet = packet_in(mail(("application/hl7-v2+er7", "MSH|"), ("text/xml", cda("NORA"))), REFERRAL)
    assert (packet.person, packet.review) == (NORA, ())


V2 = ("application/hl7-v2+er7", "MSH|")


@pytest.mark.parametrize(("parts", "v2"), [((V2,), None), ((V2, V2), REFERRAL)], ids=["nothing of use", "a second one"])
def test_an_enclosed_v2_message_that_does_not_go_on_is_a_persons(parts, v2) -> None:
    """Its restrictions, or its results, would be passed over."""
    assert "document.unread" in packet_in(mail(("text/xml", cda("Nora")), *parts), v2).review


def test_documents_beyond_what_a_packet_holds_are_a_persons() -> None:
    most = packet_in(mail(*[("text/xml", cda("Nora"))] * 40))
    more = packet_in(mail(*[("text/xml", cda("Nora"))] * 41))
    assert (len(most.documents), len(more.documents)) == (40, 40)
    assert ("document.unread" in most.review, "document.unread" in more.review) == (False, True)


def test_an_answer_with_documents_of_two_people_waits_for_a_person() -> None:
    raw = mail(("text/xml", cda("Nora")), ("text/xml", cda("Otto")), head="In-Reply-To: <d.1@hub.example>\r\n")
    packet = packet_in(raw, delivery="d.1")
    assert packet.place == "answers"
    assert "person.several" in packet.review


ANSWERS = "In-Reply-To: <d.1@hub.example>\r\nReferences: <d.1@hub.example>\r\n"


@pytest.mark.parametrize(
    "head", [ANSWERS, ANSWERS.partition("References")[0], "References: <x@y> <d.1@hub.example>\r\n"]
)
def test_what_only_unsigned_headers_say_of_the_referral_waits_for_a_person(head: str) -> None:
    raw = mail(("text/xml", cda("Nora")), head=head)
    signed, unsigned = (packet_in(raw, delivery="d.1", wrapped=wrapped) for wrapped in (True, False))
    assert (signed.thread, signed.place) == (unsigned.thread, unsigned.place) == ("referral/d.1", "answers")
    assert ("referral.unproved" in signed.review, "referral.unproved" in unsigned.review) == (False, True)


def test_a_number_in_a_signed_message_needs_no_headers_to_prove_it() -> None:
    numbered = msgspec.structs.replace(REFERRAL, thread="referral/7", place="answers")
    packet = packet_in(mail(V2, ("text/xml", cda("Nora")), head=ANSWERS), numbered, "d.1", wrapped=False)
    assert (packet.thread, packet.review) == ("referral/7", ())


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (mail(("application/zip", "PK METADATA.XML")), ("xdm-not-zip",)),
        (mail(("multipart/mixed", "no boundary")), ("mail-parts",)),
        (mail(V2), ("document.unread",)),
        (mail(("text/plain", " ")), ()),
    ],
    ids=["a broken package", "parts that cannot be told apart", "a message of no use", "nothing at all"],
)
def test_a_mail_of_which_nothing_could_be_read_says_why(raw: bytes, codes: tuple[str, ...]) -> None:
    assert content_of(read_entity(raw), TO, lambda _: "", readers(), wrapped=True) == Unread(codes)


def test_an_opened_mail_of_which_nothing_could_be_read_is_kept_with_the_reason_and_acknowledged() -> None:
    head = "From: nurse@clinic.example\r\nMessage-ID: <m1@clinic.example>\r\n"
    raw = sealed_mail(message=mail(("application/zip", "PK METADATA.XML"), head=head))
    reader = MailReader(
        keys=[HUB.opening], trust=lambda _: TRUST, now=lambda: AT, delivery=lambda _: "", readers=readers()
    )
    arrival = asyncio.run(reader.read(raw, TO))
    assert (arrival.trouble, arrival.content, arrival.address) == ("xdm-not-zip", None, "nurse@clinic.example")
    assert arrival.acknowledge is not None


def document(head: str, content: bytes = b"x") -> Document:
    raw = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{head}\r\n\r\n".encode() + content + b"\r\n--b--"
    (found,) = packet_in(raw).documents
    return found


@pytest.mark.parametrize(
    ("stated", "text", "content_type"),
    [
        ("iso-8859-1", b"N\xf6ra", "text/plain; charset=utf-8"),
        ("ISO_8859-1", b"N\xf6ra", "text/plain; charset=utf-8"),
        ("UTF8", "Nöra".encode(), "text/plain; charset=utf-8"),
        ("us-ascii", "Nöra".encode(), "text/plain; charset=utf-8"),
        ("x-unknown", "Nöra".encode(), "text/plain; charset=utf-8"),
        ('"utf-8; x=\r\n y"', "Nöra".encode(), "text/plain; charset=utf-8"),
        ("hex", "Nöra".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_text_in_any_character_set_is_handed_on_in_utf_8(stated: str, text: bytes, content_type: str) -> None:
    found = document(f"Content-Type: text/plain; charset={stated}", text)
    assert (found.content.decode(), found.media_type) == ("Nöra", content_type)


def test_text_that_is_in_no_known_character_set_is_handed_on_as_it_came() -> None:
    found = document("Content-Type: text/plain; charset=x-unknown", b"N\xf6ra")
    assert (found.content, found.media_type) == (b"N\xf6ra", "text/plain")


def test_a_type_that_is_none_cannot_be_handed_on() -> None:
    assert document("Content-Type: application/x y; name=a.bin").media_type == "application/octet-stream"


@pytest.mark.parametrize(
    "stated",
    ['filename="=?utf-8?B?w5xiLnBkZg==?="', "filename*0*=utf-8''%C3%9C; filename*1=b.pdf", 'filename="Üb.pdf"'],
)
def test_a_name_in_any_coding_is_read(stated: str) -> None:
    assert document(f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {stated}").title == "Üb.pdf"


def test_a_name_in_a_coding_that_is_none_is_taken_as_it_stands() -> None:
    assert document('Content-Type: application/pdf; name="=?x-odd?B?w5xi?="').title == "=?x-odd?B?w5xi?="


def test_a_text_without_headers_of_its_own_is_not_lost() -> None:
    assert [each.content for each in packet_in(mail_of(b"\r\nHello")).documents] == [b"Hello"]


def test_a_multipart_that_nothing_closes_ends_with_what_it_is_in() -> None:
    inner = b"Content-Type: multipart/related; boundary=c\r\n\r\n--c\r\nContent-Type: application/pdf\r\n\r\n%PDF"
    assert [each.content for each in packet_in(mail_of(inner)).documents] == [b"%PDF"]
    assert [each.content for each in packet_in(mail_of(inner).removesuffix(b"\r\n--b--")).documents] == [b"%PDF"]


def mail_of(part: bytes) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + b"\r\n--b--"

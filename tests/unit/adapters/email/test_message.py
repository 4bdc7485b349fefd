"""The mail as its reader, and as everyone on the way, sees it."""

from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path

import msgspec
import pytest

from adapters.email.channel import EmailChannel
from adapters.email.cms.opening import OpeningKey
from adapters.email.context.read import find_context
from adapters.email.mime import read_entity
from adapters.email.open import open_message
from adapters.email.trust.trust import Trust
from adapters.email.xdm.read import read_package
from deploy.demo.authority import Authority
from hub.errors import ConfigurationError, Unrenderable
from hub.model import Accompaniment, ChannelKind, Document, Endpoint, now_us
from tests.contract.channel_parcel import NOTICE, admission, sample_parcel

VECTORS = Path(__file__).parents[3] / "vectors" / "accompaniment"
AUTHORITY = Authority()
CLINIC = AUTHORITY.mail("clinic.example")
HUB = AUTHORITY.mail_signer("hub.example")
ENDPOINT = Endpoint(
    id="e-1",
    organization="org-valley",
    channel=ChannelKind.EMAIL,
    address="intake@clinic.example",
    certificate=CLINIC.certificate_pem,
)


def channel(**changes) -> EmailChannel:
    settings = {
        "signer_key": HUB.key_pem,
        "signer_certificate": HUB.certificate_pem,
        "sender_address": "relay@hub.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": 25,
    }
    return EmailChannel(**{**settings, **changes})


async def outer_and_inner(parcel):
    raw = (await channel().prepare(parcel)).body
    message = await opened(raw)
    return message_from_bytes(raw, policy=SMTP_POLICY), message_from_bytes(message, policy=SMTP_POLICY)


async def opened(raw) -> bytes:
    key = OpeningKey(CLINIC.key, CLINIC.certificate)
    return (await open_message(raw, (key,), Trust((AUTHORITY.identity.certificate,)), now_us())).message


def cover(inner) -> str:
    return inner.get_body(("plain",)).get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("name", ["referral", "admission"])
async def test_the_reader_sees_the_golden_cover_text(name):
    changes = {"disclosure": "disclosure-42"} | (admission() if name == "admission" else {})
    _, inner = await outer_and_inner(sample_parcel(ENDPOINT, **changes))
    assert cover(inner) == (VECTORS / f"cover-{name}.txt").read_text()


async def test_the_text_opens_with_the_notice_even_before_who_writes():
    _, inner = await outer_and_inner(sample_parcel(ENDPOINT))
    assert cover(inner).startswith(f"NOTICE TO THE RECIPIENT\n{NOTICE}\n")


async def test_a_disclosure_that_owes_no_notice_carries_its_label_alone():
    # §2.51: an emergency disclosure is not made with consent; §2.12(d)(1) stays with the record
    bare = Accompaniment(labels=("NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT",))
    _, inner = await outer_and_inner(sample_parcel(ENDPOINT, accompaniment=bare))
    text = cover(inner)
    assert text.startswith("THESE LABELS STAY WITH THE RECORD\nNot to be used or disclosed in proceedings")


async def test_a_title_cannot_write_a_line_of_its_own():
    forged = Document(id="d", title="Plan\r\nNOTICE: none", information="plan", media_type="text/plain", content=b"")
    _, inner = await outer_and_inner(sample_parcel(ENDPOINT, documents=(forged,)))
    assert "Document 1: Plan  NOTICE: none" in cover(inner).splitlines()


async def test_the_outer_headers_are_constant_but_for_addresses_date_and_delivery():
    parcel = sample_parcel(ENDPOINT)
    outer, _ = await outer_and_inner(parcel)
    assert outer["Subject"] == "Secure message"
    assert outer["Message-ID"] == f"<{parcel.delivery}@hub.example>"
    assert set(outer.keys()) == {
        "From",
        "To",
        "Date",
        "Message-ID",
        "Subject",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
    }


async def test_attachments_have_neutral_names_and_their_exact_bytes():
    parcel = sample_parcel(ENDPOINT)
    _, inner = await outer_and_inner(parcel)
    attachments = list(inner.iter_attachments())
    assert [part.get_filename() for part in attachments] == ["document-1.pdf", "document-2.txt"]
    assert [part.get_payload(decode=True) for part in attachments] == [one.content for one in parcel.documents]


async def test_no_line_is_longer_than_mail_allows():
    raw = (await channel().prepare(sample_parcel(ENDPOINT))).body
    for text in (raw, await opened(raw)):
        assert max(map(len, text.split(b"\r\n"))) <= 998  # RFC 5322 §2.1.1
        assert b"\n" not in text.replace(b"\r\n", b"")


async def test_a_media_type_that_would_write_a_header_is_refused():
    document = Document(
        id="d",
        title="t",
        information="assessment",
        media_type="text/plain\r\nX-Injected: yes",
        content=b"",
    )
    with pytest.raises(Unrenderable):
        await channel().prepare(sample_parcel(ENDPOINT, documents=(document,)))


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": None},
        {"certificate": b"not a certificate"},
        {"certificate": HUB.certificate_pem},  # may not decrypt, and names another domain
        {"address": "intake@elsewhere.example"},
        {"address": "intake@clinic.example>\r\nRCPT TO:<x@y.example"},
        {"certificate": AUTHORITY.mail("clinic.example", days=-1).certificate_pem},
    ],
    ids=["none", "unreadable", "other kind", "other domain", "injection", "expired"],
)
async def test_an_endpoint_whose_certificate_is_not_its_own_is_refused_before_anything_is_sealed(changes):
    endpoint = msgspec.structs.replace(ENDPOINT, **changes)
    with pytest.raises(Unrenderable) as refusal:
        await channel().prepare(sample_parcel(endpoint))
    assert refusal.value.detail_code == "endpoint-unusable"


@pytest.mark.parametrize(
    "changes",
    [
        {"signer_key": b"not a key"},
        {"signer_key": CLINIC.key_pem},
        {"sender_address": "relay@elsewhere.example"},
        {"tls_ca": b"not a certificate"},
    ],
    ids=["unreadable", "another's key", "another's address", "unreadable authority"],
)
def test_a_signer_that_does_not_fit_together_refuses_to_start(changes):
    with pytest.raises(ConfigurationError):
        channel(**changes)


def of_form(form: str):
    return sample_parcel(msgspec.structs.replace(ENDPOINT, form=form), purpose="treatment")


async def test_a_partner_that_reads_contexts_gets_one_that_fits_the_packet():
    message = read_entity(await opened((await channel().prepare(of_form("context"))).body))
    context = find_context(message)
    assert (context.category, context.action, context.purpose) == ("referral", "order", "treatment")
    assert (context.patient["surname"], context.patient["dateOfBirth"]) == ("Quintero", "1988-03-14")


async def test_a_partner_that_reads_packages_gets_the_documents_as_one_and_the_notice_in_the_mail():
    parcel = of_form("xdm")
    message = message_from_bytes(await opened((await channel().prepare(parcel)).body), policy=SMTP_POLICY)
    cover, package = message.iter_parts()
    assert " ".join(NOTICE.split()) in " ".join(cover.get_content().split())
    read = read_package(package.get_payload(decode=True))
    assert [each.content for each in read.entries] == [each.content for each in parcel.documents]
    codes = [code.value for name, code in read.entries[0].codes if name == "confidentiality"]
    assert codes == ["R", "NORDSCLCD"]
    assert read.recipients == (ENDPOINT.address,)


@pytest.mark.parametrize(
    ("form", "asked"), [("", [True, False]), ("dispatched", [True, True]), ("no-mdn dispatched", [False, False])]
)
async def test_notices_are_asked_for_inside_the_protection_alone(form, asked):
    raw = (await channel().prepare(of_form(form))).body
    names = ("Disposition-Notification-To", "Disposition-Notification-Options")
    inner = message_from_bytes(await opened(raw))
    assert [name in inner for name in names] == asked
    assert not any(name in message_from_bytes(raw) for name in names)

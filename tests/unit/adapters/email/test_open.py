"""A mail that was tampered with, misdirected or signed by another is refused, and the refusal says which
check failed.
"""

import base64
import random

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.email.cms import Addressee, Signer
from adapters.email.message import write_mail
from adapters.email.open import open_mail, verify
from deploy.demo.authority import Authority
from hub.errors import IntegrityFailed
from hub.model import ChannelKind, Endpoint, now_us
from tests.contract.channel_parcel import sample_parcel

AUTHORITY = Authority()
TRUSTED = (AUTHORITY.identity.certificate,)
CLINIC = AUTHORITY.mail("intake@clinic.example")
HUB = AUTHORITY.mail_signer("hub.example")
PARCEL = sample_parcel(Endpoint(id="e", organization="o", channel=ChannelKind.EMAIL, address="intake@clinic.example"))


def mail(signer=HUB, recipient=CLINIC, sender="relay@hub.example", form="") -> bytes:
    addressee = Addressee(recipient.certificate, recipient.key.public_key(), form)
    return write_mail(PARCEL, sender, Signer(signer.key, signer.certificate), addressee, now_us())


def reason(raw: bytes, trusted=TRUSTED) -> str:
    with pytest.raises(IntegrityFailed) as refusal:
        open_mail(raw, CLINIC.key, CLINIC.certificate, trusted, now_us())
    return refusal.value.detail_code


@pytest.mark.parametrize("form", ["", "gcm", "pkcs1"])
def test_the_recipient_opens_it_and_learns_who_sent_it(form):
    opened = open_mail(mail(form=form), CLINIC.key, CLINIC.certificate, TRUSTED, now_us())
    assert opened.sender == "relay@hub.example"
    assert b'filename="document-1.pdf"' in opened.inner


def test_another_clinics_mail_cannot_be_opened():
    other = AUTHORITY.mail("intake@other.example")
    assert reason(mail(recipient=other)) == "mail-cannot-open"


def test_a_signer_from_another_authority_is_the_wrong_signer():
    assert reason(mail(signer=Authority("stranger").mail_signer("hub.example"))) == "mail-wrong-signer"


def test_a_trusted_signer_cannot_speak_for_another_domain():
    assert reason(mail(signer=AUTHORITY.mail_signer("other.example"))) == "mail-wrong-sender"


def test_an_expired_signer_is_refused():
    assert reason(mail(signer=AUTHORITY.mail("hub.example", days=-1))) == "certificate-expired"


def test_a_short_rsa_signer_is_refused():
    assert reason(mail(signer=AUTHORITY.mail("hub.example", rsa_bits=1024))) == "certificate-weak"


def test_mail_that_is_only_signed_or_plain_is_refused():
    assert reason(b"Content-Type: text/plain\r\n\r\nhello\r\n") == "mail-not-encrypted"
    plain = Addressee(CLINIC.certificate, CLINIC.key.public_key(), "")
    unsigned = (
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(plain.enveloped(b"Content-Type: text/plain\r\n\r\nhello\r\n"))
    )
    assert reason(unsigned) == "mail-not-signed"


def test_changed_content_under_an_intact_signature_is_noticed():
    entity = _signed_entity()
    with pytest.raises(IntegrityFailed) as refusal:
        verify(entity.replace(b"document-1.pdf", b"document-9.pdf"), TRUSTED, now_us())
    assert refusal.value.detail_code == "mail-altered"


def test_a_changed_signature_is_noticed():
    head, marker, tail = _signed_entity().partition(b'filename="smime.p7s"\r\n\r\n')
    encoded, end, rest = tail.partition(b"\r\n--=_signed--")
    der = bytearray(base64.b64decode(encoded))
    der[-3] ^= 1
    with pytest.raises(IntegrityFailed) as refusal:
        verify(head + marker + base64.encodebytes(bytes(der)).strip() + end + rest, TRUSTED, now_us())
    assert refusal.value.detail_code == "mail-bad-signature"


@pytest.mark.parametrize("form", ["", "gcm"])
def test_any_flipped_byte_of_the_envelope_is_refused_or_changes_nothing_and_never_crashes(form):
    raw = mail(form=form)
    head, _, body = raw.partition(b"\r\n\r\n")
    der = base64.b64decode(body)
    expected = open_mail(raw, CLINIC.key, CLINIC.certificate, TRUSTED, now_us()).inner
    chance = random.Random(7)
    for position in [*range(80), *(chance.randrange(len(der)) for _ in range(150))]:
        damaged = bytearray(der)
        damaged[position] ^= 1 << chance.randrange(8)
        try:
            opened = open_mail(
                head + b"\r\n\r\n" + base64.encodebytes(bytes(damaged)),
                CLINIC.key,
                CLINIC.certificate,
                TRUSTED,
                now_us(),
            )
        except IntegrityFailed:
            continue
        assert opened.inner == expected  # a version number or a tag that nothing depends on


def test_any_flipped_byte_of_the_signed_entity_is_refused_or_changes_nothing():
    entity = _signed_entity()
    expected, _ = verify(entity, TRUSTED, now_us())
    chance = random.Random(11)
    for _ in range(300):
        damaged = bytearray(entity)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            message, _ = verify(bytes(damaged), TRUSTED, now_us())
        except IntegrityFailed:
            continue
        assert message == expected


def _signed_entity() -> bytes:
    from adapters.email.decrypt import decrypt

    body = mail().partition(b"\r\n\r\n")[2]
    key = load_pem_private_key(CLINIC.key_pem, None)
    return decrypt(base64.b64decode(body), key, CLINIC.certificate)

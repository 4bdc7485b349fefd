"""Each form of Direct mail that software not ours writes, or an attacker: `accept`, or `refuse` with the right reason.

What is right is from RFC 5652, 5083, 5084, 5753, 8551, 2045 and 5322; each message is put together by hand (`foreign`).
"""

import base64

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding

from adapters.email.open import Opened
from adapters.email.trust.trust import Trust
from tests.direct import DAY, MESSAGE, NOW, SHARED_RSA
from tests.unit.adapters.email.foreign import (
    COMPRESSED,
    SIGNED,
    TIME_STAMP,
    WRAPPED,
    agreed,
    attribute,
    authenticated,
    broken_certificate,
    clear,
    entity,
    enveloped,
    mail,
    number,
    of_another_kind,
    oid,
    opaque,
    signed_data,
    signer_info,
    tlv,
    transported,
)
from tests.unit.adapters.email.opening import CLINIC, HUB, HUB_EC, ROOT, opened, read

CLINIC_RSA = ROOT.issue("clinic.example", key=SHARED_RSA[1])
OLD = ROOT.issue("clinic.example", key=CLINIC.key, start=NOW - 9 * DAY, end=NOW - DAY)
OTHER = ROOT.issue("other.example", key=SHARED_RSA[1])
ED = ed25519.Ed25519PrivateKey.generate()
EDWARDS = of_another_kind(ED, ROOT)
ENTITY = entity()
SEALED = enveloped(ENTITY)
AC_V1, AC_V2, OTHER_FORMAT = tlv(0xA1, tlv(0x30, number(1))), tlv(0xA2, tlv(0x30, number(1))), tlv(0xA3, oid("1.2.3"))
PASSWORD = tlv(0xA3, number(0), tlv(0x30, oid("1.2.840.113549.1.9.16.3.9")), tlv(0x04, bytes(40)))
UNKNOWN_RECIPIENT = tlv(0xA4, oid("1.2.3.4"), b"\5\0")
PSS_SHA1_MASK = tlv(
    0x30,
    oid("1.2.840.113549.1.1.10"),
    tlv(0x30, tlv(0xA0, tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))), tlv(0xA2, number(32))),
)


def pss_with_sha1(text: bytes) -> tuple[bytes, bytes]:
    scheme = padding.PSS(padding.MGF1(hashes.SHA1()), 32)
    return PSS_SHA1_MASK, CLINIC_RSA.key.sign(text, scheme, hashes.SHA256())


def signed_by_edwards(text: bytes) -> tuple[bytes, bytes]:
    return tlv(0x30, oid("1.3.101.112")), ED.sign(text)


def backwards(parts: list[bytes]) -> list[bytes]:
    return parts[::-1]


def said(change: tuple[bytes, bytes], raw: bytes = WRAPPED) -> bytes:
    assert change[0] in raw
    return raw.replace(*change, 1)


def unpadded(der: bytes) -> bytes:
    while len(der) % 3 == 0:
        der += b"\0"  # zeros behind the structure are left out
    return base64.b64encode(der).rstrip(b"=")


SIGNATURES = {
    "RSA named without its digest": (
        lambda: clear(signed_data(signer_info(holder=CLINIC_RSA), beside=[CLINIC_RSA.der]))
    ),
    "two signers": lambda: clear(
        signed_data(
            signer_info(), signer_info(holder=CLINIC_RSA, digest="sha512"), beside=[CLINIC.der, CLINIC_RSA.der]
        ),
        micalg='micalg="sha-256,sha-512"; ',
    ),
    "attributes sent in another order than signed": lambda: entity(carried=backwards),
    "attributes signed in the order sent": lambda: entity(carried=backwards, signed=backwards),
    "no signing time": lambda: entity(without="signing_time"),
    "an unknown attribute": lambda: entity(extra=[attribute("1.2.3.4", core.UTF8String("x"))]),
    "signer named by key": lambda: entity(by_key=True),
    "signer named by key, and renewed": lambda: clear(
        signed_data(signer_info(by_key=True), beside=[OLD.der, CLINIC.der])
    ),
    "attribute certificates": lambda: clear(
        signed_data(signer_info(), beside=[CLINIC.der, AC_V1, AC_V2, OTHER_FORMAT])
    ),
    "a certificate that does not parse": lambda: clear(
        signed_data(signer_info(), beside=[broken_certificate(), CLINIC.der])
    ),
    "content inside": lambda: opaque(signed_data(signer_info(), content=WRAPPED)),
    "no micalg": lambda: entity(micalg=""),
    "micalg of Outlook": lambda: entity(micalg="micalg=2.16.840.1.101.3.4.2.1; "),
    "micalg of old": lambda: entity(micalg="micalg=rsa-SHA256; "),
    "micalg unknown": lambda: entity(micalg="micalg=unknown; "),
    "a comment in the type": lambda: said((b"multipart/signed;", b"multipart/signed (S/MIME (4)); "), ENTITY),
    "text before and after": lambda: said((b"--b1\r\n", b"An S/MIME message\r\n\r\n--b1\r\n"), ENTITY) + b"\r\nbye\r\n",
    "the signature as a file": lambda: said(
        (b"application/pkcs7-signature; name", b"application/octet-stream; name"), ENTITY
    ),
    "an international message": lambda: entity(said((b"message/rfc822", b"message/global"))),
    "the line of a mailbox file": lambda: entity(said((b"From:", b"From nurse Mon Jun  1 12:00:00 2026\r\nFrom:"))),
    "a comment in the address": lambda: entity(
        said((b"<nurse@clinic.example>", b"nurse@clinic.example (N. (RN) Quill)"))
    ),
    "a folded sender": lambda: entity(said((b"<nurse", b"=?utf-8?Q?N=C3=B6ra=2C?=\r\n\t<Nurse"))),
    "a quoted sender": lambda: entity(said((b"<nurse", b'"Quill, N @ work" <nurse'))),
    "a sender in raw UTF-8": lambda: entity(said((b"<nurse", "Nöra <nurse".encode()))),
}
ENVELOPES = {
    "everything in pieces and indefinite": lambda: enveloped(ENTITY, pieces=100),
    "recipient named by key": lambda: enveloped(ENTITY, lambda key: transported(key, by_key=True)),
    "many others": lambda: enveloped(ENTITY, lambda key: transported(key, OTHER) * 100 + transported(key)),
    "a password, and a recipient of no known kind": lambda: enveloped(
        ENTITY, lambda key: transported(key) + PASSWORD + UNKNOWN_RECIPIENT
    ),
    "agreement with SHA-224": lambda: enveloped(ENTITY, lambda key: agreed(key, "1.3.132.1.11.0", hashes.SHA224())),
    "cofactor agreement": lambda: enveloped(ENTITY, lambda key: agreed(key, "1.3.132.1.14.1", hashes.SHA256())),
    "agreement with material": lambda: enveloped(
        ENTITY, lambda key: agreed(key, "1.3.132.1.11.3", hashes.SHA512(), material=b"u" * 16)
    ),
    "GCM": lambda: authenticated(ENTITY, 16),
    "GCM, short tag": lambda: authenticated(ENTITY, 12),
    "GCM, tag of the default length": lambda: authenticated(ENTITY, 12, stated=False),
    "GCM with attributes": lambda: authenticated(ENTITY, 16, attributes=attribute("content_type", "data")),
}
MAILS = {
    "a bare type": lambda: mail(SEALED, "application/x-pkcs7-mime"),
    "types in other case": lambda: mail(SEALED, "Application/PKCS7-MIME; SMIME-Type=Enveloped-Data"),
    "a wrong smime-type": lambda: mail(SEALED, "application/pkcs7-mime; smime-type=signed-data"),
    "a comment in the type": lambda: mail(SEALED, 'application/pkcs7-mime (S/MIME "4"); name="a (1).p7m"'),
    "a comment in the encoding": lambda: mail(SEALED, encoding="Content-Transfer-Encoding: BASE64 (as usual)\r\n"),
    "a file known by its second name": lambda: mail(
        SEALED,
        'application/octet-stream; name="x.bin"',
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="SMIME.P7M"\r\n',
    ),
    "no encoding stated": lambda: mail(SEALED, encoding=""),
    "binary": lambda: mail(SEALED, encoding="Content-Transfer-Encoding: binary\r\n", body=SEALED),
    "base64 without padding": lambda: mail(SEALED, body=unpadded(SEALED)),
    "base64 with blank lines": lambda: mail(SEALED, body=base64.encodebytes(SEALED).replace(b"\n", b" \t\r\n\r\n")),
    "a space before the colon": lambda: said((b"Content-Type:", b"Content-Type :"), mail(SEALED)),
    "a line that is no header": lambda: said(
        (b"Content-Type:", b"[scanned]\r\n it is clean\r\nContent-Type:"), mail(SEALED)
    ),
    "a CR too many": lambda: mail(SEALED).replace(b"\r\n", b"\r\r\n"),
    "long folded headers": lambda: b"References: " + b"<1@a.example>\r\n " * 2_000 + b"<2@a>\r\n" + mail(SEALED),
}
REFUSED = {
    "a signature over another order": (lambda: entity(signed=backwards), "bad-signature"),
    "SHA-3": (lambda: entity(digest="sha3_256", holder=CLINIC_RSA), "weak-digest"),
    "PSS with SHA-1 in its mask": (
        lambda: clear(signed_data(signer_info(holder=CLINIC_RSA, sign=pss_with_sha1), beside=[CLINIC_RSA.der])),
        "weak-digest",
    ),
    "EdDSA": (
        lambda: clear(
            signed_data(
                signer_info(digest="sha512", holder=EDWARDS, sign=signed_by_edwards),
                beside=[EDWARDS.der],
            )
        ),
        "weak-key",
    ),
    "no content type": (lambda: entity(without="content_type"), "malformed-signature"),
    "no digest": (lambda: entity(without="message_digest"), "malformed-signature"),
    "two digests": (lambda: entity(extra=[attribute("message_digest", bytes(32))]), "malformed-signature"),
    "what was signed as a time stamp": (
        lambda: opaque(signed_data(signer_info(kind=TIME_STAMP), content=WRAPPED, kind=TIME_STAMP)),
        "malformed-signature",
    ),
    "micalg of another digest": (lambda: entity(micalg="micalg=sha-512; "), "wrong-micalg"),
    "micalg as Outlook writes another": (lambda: entity(micalg="micalg=2.16.840.1.101.3.4.2.3; "), "wrong-micalg"),
    "a parameter that cannot be read": (lambda: entity(micalg=f"micalg*{'1' * 5000}=a; "), "malformed-signature"),
    "compressed": (
        lambda: opaque(tlv(0x30, COMPRESSED, tlv(0xA0, tlv(0x30)))),
        "nested",
    ),
    "a sender beside another": (
        lambda: entity(said((b"<nurse@clinic.example>", b"nurse@clinic.example <boss@other.example>"))),
        "no-sender",
    ),
}
REFUSED_ENVELOPES = {
    "a tag that can be guessed": (lambda: mail(authenticated(ENTITY, 4)), "cannot-open"),
    "a tag other than stated": (lambda: mail(authenticated(ENTITY, 16, stated=False)), "cannot-open"),
    "a signature not in MIME": (lambda: mail(enveloped(signed_data(signer_info()), inside=SIGNED)), "cannot-open"),
    "no recipient": (lambda: mail(enveloped(ENTITY, lambda _: b"")), "not-for-this-key"),
    "a name that cannot be read": (
        lambda: mail(SEALED, f"application/octet-stream; name*{'1' * 5000}=a"),
        "unreadable",
    ),
    "base64 with something foreign": (lambda: mail(SEALED) + b"\r\n-- \r\nScanned.\r\n", "unreadable"),
}


@pytest.mark.parametrize("make", SIGNATURES.values(), ids=SIGNATURES)
def test_each_way_to_sign_and_to_write_a_message_is_read(make) -> None:
    assert opened(mail(enveloped(make()))).message.endswith(b"The content.\r\n")


@pytest.mark.parametrize("make", ENVELOPES.values(), ids=ENVELOPES)
def test_each_way_to_encrypt_is_read(make) -> None:
    assert opened(mail(make()), keys=(HUB, HUB_EC)).message == MESSAGE


@pytest.mark.parametrize("make", MAILS.values(), ids=MAILS)
def test_each_way_to_write_the_outer_mail_is_read(make) -> None:
    assert opened(make()).message == MESSAGE


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_signed_wrongly_is_refused_with_its_reason(make, why) -> None:
    assert read(mail(enveloped(make()))).code == why


@pytest.mark.parametrize(("make", "why"), REFUSED_ENVELOPES.values(), ids=REFUSED_ENVELOPES)
def test_what_is_sealed_or_mailed_wrongly_is_refused_with_its_reason(make, why) -> None:
    assert read(make()).code == why


def test_a_signer_whose_certificate_is_left_out_is_found_among_those_at_hand() -> None:
    raw = mail(enveloped(clear(signed_data(signer_info(), beside=()))))
    assert read(raw).code == "no-signer-certificate"
    found = read(raw, trust=Trust((ROOT.certificate,), (CLINIC.certificate,)))
    assert isinstance(found, Opened)
    assert found.signer == CLINIC.certificate


def test_a_certificate_at_hand_is_not_believed_for_being_at_hand() -> None:
    raw = mail(enveloped(clear(signed_data(signer_info(), beside=()))))
    assert read(raw, trust=Trust((HUB.certificate,), (CLINIC.certificate,))).code == "untrusted"


@pytest.mark.parametrize("text", [b"Hello", b"Hello: world"])
def test_a_signed_part_without_headers_is_plain_text_and_none_of_it_is_taken_for_one(text: bytes) -> None:
    found = opened(mail(enveloped(entity(b"\r\n" + text))))
    assert found.message.endswith(b"Content-Type: text/plain\r\n\r\n" + text)
    assert not found.wrapped

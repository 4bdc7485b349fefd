"""What opens, and what is refused with which reason: every check of the Direct Applicability Statement by itself."""

import base64
import datetime as dt
import subprocess

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.email.cms.addressee import Addressee, enveloped
from adapters.email.cms.der import tlv
from adapters.email.cms.opening import OpeningKey
from adapters.email.layers import sealed, signed
from adapters.email.mime import MimeError, read_entity
from adapters.email.open import MAX_BYTES, Opened, open_message
from adapters.email.reasons import REASONS
from adapters.email.transfer import base64_lines
from adapters.email.trust.trust import Trust
from tests.direct import AT, DAY, MAIL_USE, MESSAGE, NOW, OUTER, SHARED_RSA, WEAK_RSA, authority, rsa_holder
from tests.unit.adapters.email.opening import (
    CLINIC,
    HUB,
    HUB_EC,
    ROOT,
    TRUST,
    around,
    mail,
    opened,
    read,
    reason,
    signature_in,
    signed_entity,
    signer,
    with_signature,
)


@pytest.mark.parametrize("form", ["", "gcm", "pkcs1", "aes128", "gcm aes128 pkcs1"])
@pytest.mark.parametrize("recipient", [HUB, HUB_EC], ids=["RSA", "EC"])
def test_the_recipient_gets_the_very_bytes_that_were_sealed_and_learns_who_sent_them(form, recipient):
    found = opened(mail(recipient=recipient, form=form), keys=(recipient,))
    assert (found.message, found.sender, found.wrapped, found.encrypted) == (
        MESSAGE,
        "nurse@clinic.example",
        True,
        True,
    )
    assert found.chain == (CLINIC.certificate, ROOT.certificate)
    assert found.signed_at == AT


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("holder", [CLINIC, rsa_holder("clinic.example", ROOT)], ids=["ECDSA", "RSA"])
def test_each_digest_verifies_with_each_kind_of_signing_key(digest, holder):
    assert opened(mail(holder, digest=digest)).digest == digest


def test_a_mail_to_several_certificates_opens_with_the_key_of_each():
    raw = sealed(MESSAGE, OUTER, signer(), [Addressee(each.certificate) for each in (HUB, HUB_EC)], AT)
    for recipient in (HUB, HUB_EC):
        assert opened(raw, keys=(recipient,)).message == MESSAGE


def test_a_mail_to_certificates_of_different_strength_takes_what_all_of_them_read():
    both = [Addressee(HUB.certificate, "gcm"), Addressee(HUB_EC.certificate, "aes128")]
    info = cms.ContentInfo.load(enveloped(b"x", both))
    assert info["content_type"].native == "enveloped_data"
    algorithm = info["content"]["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"]
    assert algorithm.native == "aes128_cbc"


async def test_a_key_without_its_certificate_is_tried_on_each_recipient():
    other = ROOT.issue("other.example", key=SHARED_RSA[1])
    raw = sealed(MESSAGE, OUTER, signer(), [Addressee(each.certificate) for each in (other, HUB)], AT)
    assert isinstance(await open_message(raw, [OpeningKey(HUB.key)], TRUST, AT), Opened)


# How partners' software writes what ours writes otherwise


def test_unwrapped_content_is_read_and_its_sender_is_the_outer_one():
    content = b"Content-Type: text/plain\r\n\r\nHello\r\n"
    entity = signed(content, signer(), AT)
    found = opened(around(entity))
    assert not found.wrapped
    assert found.sender == "nurse@clinic.example"
    assert found.message.endswith(b"Hello\r\n")


def test_x_pkcs7_types_are_the_same_as_those_without_x():
    entity = signed_entity().replace(b"application/pkcs7-signature", b"application/x-pkcs7-signature")
    assert opened(around(entity, content_type="application/x-pkcs7-mime")).message == MESSAGE


def test_a_file_of_unnamed_type_is_known_by_its_name():
    assert opened(around(signed_entity(), content_type="application/octet-stream")).message == MESSAGE


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\r\n\r\n", b"\n"], ids=["BOM", "blank lines", "line feed"])
def test_what_stands_before_the_headers_does_not_matter(prefix):
    assert opened(prefix + mail()).message == MESSAGE


def test_base64_without_line_breaks_and_line_ends_without_cr_are_read():
    head, _, body = mail().partition(b"\r\n\r\n")
    assert opened(head.replace(b"\r\n", b"\n") + b"\n\n" + b"".join(body.split())).message == MESSAGE


def test_a_quoted_boundary_with_odd_characters_is_a_boundary():
    entity = signed_entity().replace(b"=_signed", b"=_a'()+_,-./:=? b")
    assert opened(around(entity)).message == MESSAGE


def test_a_signed_part_whose_line_ends_a_server_broke_is_hashed_with_crlf():
    assert opened(around(signed_entity().replace(b"\r\n", b"\n"))).message == MESSAGE


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_wrapped_message_with_a_transfer_encoding_is_decoded_after_it_was_verified(encoding):
    body = base64_lines(MESSAGE) if encoding == "base64" else MESSAGE.replace(b"=", b"=3D")
    head = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    assert opened(around(signed(head + body, signer(), AT))).message == MESSAGE


def test_a_bare_envelope_opens_like_a_mail():
    body = mail().partition(b"\r\n\r\n")[2]
    der = base64.b64decode(body)
    pem = b"-----BEGIN CMS-----\n" + base64.encodebytes(der) + b"-----END CMS-----\n"
    for raw in (der, pem, body):
        assert opened(raw).message == MESSAGE


def test_a_signature_by_the_subjects_key_identifier_is_found():
    # openssl writes it; see also tests/integration/test_email_openssl.py
    info = cms.ContentInfo.load(signature_in(signed_entity()))
    data = info["content"]
    identifier = cms.SignerIdentifier("subject_key_identifier", data["certificates"][0].chosen.key_identifier)
    data["signer_infos"][0]["sid"] = identifier
    assert opened(around(with_signature(signed_entity(), info.dump(force=True)))).message == MESSAGE


def test_mail_that_is_only_signed_is_read_only_on_request():
    raw = OUTER.encode() + b"MIME-Version: 1.0\r\n" + signed_entity()
    assert reason(raw) == "not-encrypted"
    found = opened(raw, must_be_encrypted=False)
    assert (found.encrypted, found.message) == (False, MESSAGE)


# What is refused


def test_no_key_and_another_key_are_two_reasons():
    assert reason(mail(), keys=()) == "no-key"
    assert reason(mail(), keys=(ROOT.issue("other.example", key=SHARED_RSA[1]),)) == "not-for-this-key"


@pytest.mark.parametrize("raw", [b"", b"hello", b"\x30\x80", b"\x30\x03\x02\x01\x05", b"\xff" * 50])
def test_what_is_no_mail_is_unreadable_or_not_encrypted(raw):
    assert reason(raw) in {"unreadable", "not-encrypted"}


def test_a_detached_signature_by_itself_has_nothing_to_vouch_for():
    alone = b"Content-Type: application/pkcs7-mime\r\n\r\n" + base64.b64encode(signature_in(signed_entity()))
    assert reason(alone, must_be_encrypted=False) == "no-content"


def test_plain_mail_and_encrypted_mail_without_a_signature_are_refused():
    assert reason(MESSAGE) == "not-encrypted"
    assert reason(MESSAGE, must_be_encrypted=False) == "not-signed"
    assert reason(around(MESSAGE)) == "not-signed"


def test_more_layers_than_two_are_refused():
    assert reason(around(signed_entity(message=b"x: y\r\n\r\n"), form="gcm")) == "no-sender"
    twice = around(mail())
    assert reason(twice) == "nested"
    assert reason(around(signed(mail(), signer(), AT))) == "nested"
    around_all = OUTER.encode() + signed(mail(), signer(), AT)
    assert reason(around_all) == "not-encrypted"
    assert reason(around_all, must_be_encrypted=False) == "nested"


def test_a_mail_beyond_the_limit_is_not_even_looked_at():
    assert reason(b"a: b\r\n\r\n" + b" " * MAX_BYTES) == "too-large"


def test_a_header_that_would_take_minutes_to_read_is_not_read():
    for name in ("Content-Type: application/octet-stream", "Content-Disposition: attachment"):
        assert read_entity(f"{name}; a=b".encode()).field(name.partition(":")[0])
        with pytest.raises(MimeError):
            read_entity(f'{name}; a="{";" * 9_000}'.encode())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"The content.", b"Tha content."), "altered"),
        ((b"micalg=sha256", b"micalg=sha512"), "wrong-micalg"),
        ((b"micalg=sha256", b"micalg=sha1"), "wrong-micalg"),
        ((b'protocol="application/pkcs7-signature"', b'protocol="application/pgp-signature"'), "malformed-signature"),
    ],
    ids=["content", "other micalg", "weak micalg", "protocol"],
)
def test_a_change_to_the_signed_entity_has_its_reason(change, why):
    assert reason(around(signed_entity().replace(*change))) == why


def test_a_signed_entity_of_three_parts_or_without_its_end_is_malformed():
    entity = signed_entity()
    boundary = read_entity(entity).parameter("boundary").encode()
    end = b"--" + boundary + b"--"
    for other in (b"--" + boundary + b"\r\n\r\nmore\r\n" + end, b""):
        assert reason(around(entity.replace(end, other))) == "malformed-signature"


def test_what_is_signed_cannot_hold_the_boundary_around_it():
    boundaries = {read_entity(signed_entity()).parameter("boundary") for _ in range(3)}
    assert len(boundaries) == 3
    inside = signed_entity()
    assert opened(mail(message=MESSAGE + inside)).message == MESSAGE + inside


def changed_signature(change) -> bytes:
    info = cms.ContentInfo.load(signature_in(signed_entity()))
    change(info["content"])
    return around(with_signature(signed_entity(), info.dump(force=True)))


def without_attributes(data):
    del data["signer_infos"][0]["signed_attrs"]


def with_content(data):
    data["encap_content_info"]["content"] = b"something else to show"


def without_certificates(data):
    del data["certificates"]


def without_signers(data):
    data["signer_infos"] = []


def with_sha1(data):
    data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}


def with_sha1_scheme(data):
    data["signer_infos"][0]["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}


def with_another_signature(data):
    data["signer_infos"][0]["signature"] = signature_bytes(signed_entity(message=MESSAGE + b"!\r\n"))


def signature_bytes(entity: bytes) -> bytes:
    return cms.ContentInfo.load(signature_in(entity))["content"]["signer_infos"][0]["signature"].native


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without_attributes, "no-signed-attributes"),
        (with_content, "content-present"),
        (without_certificates, "no-signer-certificate"),
        (without_signers, "not-signed"),
        (with_sha1, "weak-digest"),
        (with_sha1_scheme, "weak-digest"),
        (with_another_signature, "bad-signature"),
    ],
)
def test_a_signature_that_lacks_or_has_something_has_its_reason(change, why):
    assert reason(changed_signature(change)) == why


def test_a_weak_key_is_refused_on_either_side():
    weak = ROOT.issue("clinic.example", key=WEAK_RSA)
    assert reason(mail(weak)) == "weak-key"
    narrow = ROOT.issue("hub.example", key=WEAK_RSA)
    assert reason(mail(recipient=narrow, form="pkcs1"), keys=(narrow,)) == "weak-key"
    stranger = authority("stranger").issue("clinic.example")  # what the sender did wrong is told first
    assert reason(mail(stranger, recipient=narrow, form="pkcs1"), keys=(narrow,)) == "untrusted"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"end": NOW - DAY, "start": NOW - 9 * DAY}, "expired"),
        ({"start": NOW + dt.timedelta(minutes=1)}, "not-yet-valid"),
        ({"uses": ("key_encipherment",)}, "wrong-usage"),
        ({"extended": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "wrong-usage"),
        ({"sans": [x509.DNSName("other.example")]}, "wrong-domain"),
        ({"sans": [x509.DNSName("clinic.example.net")]}, "wrong-domain"),
        ({"sans": [x509.DNSName("sub.clinic.example")]}, "wrong-domain"),
        ({"sans": [x509.RFC822Name("doctor@clinic.example")]}, "wrong-address"),
        ({"sans": [x509.RFC822Name("nurse@other.example")]}, "wrong-domain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_signers_certificate_with_a_fault_has_its_reason(options, why):
    assert reason(mail(ROOT.issue("clinic.example", **options))) == why


@pytest.mark.parametrize(
    "options",
    [
        {"sans": [x509.RFC822Name("Nurse@CLINIC.example")]},
        {"sans": [x509.DNSName("Clinic.Example"), x509.DNSName("other.example")]},
        {"uses": ("digital_signature",)},
        {"uses": ()},
        {"extended": MAIL_USE},
    ],
    ids=["mailbox", "domain", "split pair", "no stated use", "mail use"],
)
def test_address_and_domain_certificates_of_each_kind_of_use_sign(options):
    assert opened(mail(ROOT.issue("clinic.example", **options))).sender == "nurse@clinic.example"


def test_the_subjects_mail_address_counts_only_without_a_subject_alternative_name():
    fallback = ROOT.issue("nurse@clinic.example", email_subject=True)
    assert opened(mail(fallback)).sender == "nurse@clinic.example"
    elsewhere = ROOT.issue("nurse@clinic.example", email_subject=True, sans=[x509.DNSName("other.example")])
    assert reason(mail(elsewhere)) == "wrong-domain"


def test_without_anchors_nothing_is_believed_and_a_strangers_chain_is_untrusted():
    assert reason(mail(), trust=Trust(())) == "no-anchors"
    assert reason(mail(authority("stranger").issue("clinic.example"))) == "untrusted"
    assert reason(mail(authority().issue("clinic.example"))) == "untrusted"  # the same name, another key


@pytest.mark.parametrize(
    "head",
    [
        b"From: <nurse@clinic.example>\r\nFrom: <director@hub.example>\r\n",
        b"From: <nurse@clinic.example>, <director@hub.example>\r\n",
        b"To: <nurse@clinic.example>\r\n",
        b"From: nobody\r\n",
    ],
    ids=["two headers", "two addresses", "none", "no address"],
)
def test_a_message_that_does_not_say_who_sends_it_is_refused(head):
    assert reason(mail(message=head + b"Subject: x\r\n\r\nHello\r\n")) == "no-sender"


def test_the_inner_sender_is_the_one_that_counts():
    posing = MESSAGE.replace(b"nurse@clinic.example", b"director@hub.example")
    assert reason(mail(message=posing)) == "wrong-domain"


def test_every_reason_has_words_and_a_refusal_gives_them():
    found = read(mail(), keys=())
    assert found.words == REASONS["no-key"]
    assert all(words.endswith(".") for words in REASONS.values())


def openssl_cms(tmp_path, *arguments: str) -> bytes:
    for name, holder in (("clinic", CLINIC), ("hub", HUB)):
        (tmp_path / f"{name}.crt").write_bytes(holder.pem)
        (tmp_path / f"{name}.key").write_bytes(holder.key_pem)
    done = subprocess.run(["openssl", "cms", *arguments], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("cipher", ["-des3", "-rc2-128", "-des"])
def test_a_cipher_that_is_not_aes_is_named_before_any_key_is_asked_for(tmp_path, cipher):
    (tmp_path / "in").write_bytes(signed_entity())
    legacy = [] if cipher == "-des3" else ["-provider", "legacy", "-provider", "default"]
    raw = openssl_cms(tmp_path, "-encrypt", "-in", "in", cipher, *legacy, "-recip", "hub.crt")
    assert reason(raw, keys=()) == "weak-cipher"


def test_an_envelope_streamed_as_the_java_reference_implementation_does_is_read():
    # every length indefinite, the content in pieces of 1,000 bytes, the ends as zeros
    info = cms.ContentInfo.load(base64.b64decode(mail(form="pkcs1").partition(b"\r\n\r\n")[2]))
    content, ends = info["content"], b"\0\0"
    sealed_content = content["encrypted_content_info"]
    text = sealed_content["encrypted_content"].native
    pieces = b"".join(tlv(0x04, text[at : at + 1000]) for at in range(0, len(text), 1000))
    inner = sealed_content["content_type"].dump() + sealed_content["content_encryption_algorithm"].dump()
    raw = b"\x30\x80" + info["content_type"].dump() + b"\xa0\x80\x30\x80\x02\x01\x00"
    raw += content["recipient_infos"].dump() + b"\x30\x80" + inner + b"\xa0\x80" + pieces + ends * 5
    assert opened(raw).message == MESSAGE
    assert opened(base64.b64encode(raw + ends * 4)).message == MESSAGE


async def test_a_large_message_is_opened_beside_the_loop_and_comes_back_whole():
    large = MESSAGE + b"0123456789abcdef" * 20_000
    found = await open_message(mail(message=large), (HUB.opening,), TRUST, AT)
    assert isinstance(found, Opened)
    assert found.message == large

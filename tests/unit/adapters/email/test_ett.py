"""What the NIST Edge Testing Tool looks at in a Direct message (its DTS numbers), on a mail as the channel sends it."""

import base64
from email import message_from_bytes
from email.policy import SMTP

import pytest
from asn1crypto import cms

from adapters.email.channel import EmailChannel
from adapters.email.cms.opening import open_envelope
from adapters.email.mime import parts_of, read_entity
from hub.model import ChannelKind, Endpoint
from tests.contract.channel_parcel import sample_parcel
from tests.direct import AT, authority, rsa_holder

ROOT = authority()
HUB = ROOT.issue("hub.example")
CLINIC = rsa_holder("clinic.example", ROOT)
ADDRESS = "intake@clinic.example"


@pytest.fixture
async def outer():
    endpoint = Endpoint(id="e", organization="o", channel=ChannelKind.EMAIL, address=ADDRESS, certificate=CLINIC.pem)
    channel = EmailChannel(HUB.key_pem, HUB.pem, "relay@hub.example", "127.0.0.1", 1, now=lambda: AT)
    return message_from_bytes((await channel.prepare(sample_parcel(endpoint))).body, policy=SMTP)


@pytest.fixture
def envelope(outer):
    return cms.ContentInfo.load(outer.get_payload(decode=True))


@pytest.fixture
def entity(envelope):
    return read_entity(open_envelope(envelope, [CLINIC.opening])[0])


@pytest.fixture
def signature(entity):
    second = read_entity(parts_of(entity)[1])
    return cms.ContentInfo.load(second.decoded())["content"]


def test_dts_133a_201_202_203_the_outer_mail_is_pkcs7_mime_with_its_names(outer):
    assert outer.get_content_type() == "application/pkcs7-mime"
    assert outer.get_param("name") == "smime.p7m"
    assert outer.get_param("smime-type") == "enveloped-data"
    assert outer.get_filename() == "smime.p7m"
    assert outer["Content-Transfer-Encoding"] == "base64"


def test_dts_199_200_the_outer_headers_are_the_needed_ones_once(outer):
    for name in ("From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type"):
        assert len(outer.get_all(name)) == 1
    assert outer["MIME-Version"] == "1.0"
    assert "Referral" not in outer["Subject"]


def test_dts_129_the_body_is_encrypted_to_the_recipient(envelope):
    assert envelope["content_type"].native == "enveloped_data"
    (recipient,) = envelope["content"]["recipient_infos"]
    assert recipient.name == "ktri"
    algorithm = envelope["content"]["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"].native
    assert algorithm in {"aes128_cbc", "aes256_cbc"}


def test_dts_133b_160_205_207_the_content_is_multipart_signed_of_two_parts(entity):
    assert entity.media_type == "multipart/signed"
    assert b'protocol="application/pkcs7-signature"' in entity.raw  # the tool compares with the quotes
    assert entity.parameter("micalg") == "sha256"
    assert len(parts_of(entity)) == 2
    assert entity.body.startswith(b"--")  # no preamble


def test_dts_139_151_the_first_part_is_the_wrapped_message(entity):
    first = read_entity(parts_of(entity)[0])
    assert first.media_type == "message/rfc822"
    inner = read_entity(first.body)
    assert inner.media_type == "multipart/mixed"
    assert inner.field("from") == "<relay@hub.example>"
    assert inner.field("to") == f"<{ADDRESS}>"


def test_dts_152_155_158_206_the_second_part_is_the_signature_in_base64(entity):
    second = read_entity(parts_of(entity)[1])
    assert second.media_type == "application/pkcs7-signature"
    assert second.parameter("name") == "smime.p7s"
    assert second.head.get_filename() == "smime.p7s"
    assert second.field("content-transfer-encoding") == "base64"
    assert max(map(len, second.body.splitlines())) <= 76
    assert base64.b64decode(second.body)


def test_dts_165_166_182_the_signature_is_detached_and_names_the_digest_of_the_micalg(signature):
    assert signature["encap_content_info"]["content_type"].native == "data"
    assert signature["encap_content_info"]["content"].native is None
    assert [each["algorithm"].native for each in signature["digest_algorithms"]] == ["sha256"]
    (info,) = signature["signer_infos"]
    assert info["digest_algorithm"]["algorithm"].native == "sha256"
    kinds = [each["type"].native for each in info["signed_attrs"]]
    assert kinds == ["content_type", "signing_time", "message_digest"]


def test_dts_167_222_225_240_the_signers_certificate_is_enclosed_and_bound_to_the_sender(signature):
    (certificate,) = [each.chosen for each in signature["certificates"]]
    assert certificate.dump() == HUB.der
    names = certificate.subject_alt_name_value.native
    assert names == ["hub.example"]  # C4, C5: an organization certificate has its health domain as dNSName
    (info,) = signature["signer_infos"]
    assert info["sid"].chosen["serial_number"].native == certificate.serial_number

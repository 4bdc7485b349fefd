"""What we mail opens with the openssl command line, and what openssl seals opens here: two implementations
that agree.
"""

import subprocess
from pathlib import Path

import pytest

from adapters.email.channel import EmailChannel
from adapters.email.cms.addressee import Addressee
from adapters.email.cms.opening import OpeningKey
from adapters.email.cms.signer import Signer
from adapters.email.layers import sealed
from adapters.email.open import Opened, Refused, open_message
from adapters.email.trust.trust import Trust
from deploy.demo.authority import Authority
from deploy.demo.mailserver import ClinicMailbox, mail_server, server_tls
from hub.model import ChannelKind, Delivered, Endpoint, Unknown, now_us
from tests.contract.channel_parcel import CONSENT_LINES, NOTICE, sample_parcel
from tests.direct import AT
from tests.direct import authority as community

CONTENT = b"Content-Type: text/plain\r\nFrom: <relay@hub.example>\r\n\r\nHello.\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def clinic(authority):
    return authority.mail("intake@clinic.example")


@pytest.fixture(scope="module")
def keys(authority, clinic, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    clinic.write(folder, "clinic")
    authority.identity.write(folder, "ca")
    authority.mail("relay@hub.example").write(folder, "hub-rsa")
    authority.mail_signer("relay@hub.example").write(folder, "hub-ec")
    return folder


@pytest.mark.parametrize("form", ["", "gcm", "pkcs1", "gcm pkcs1"])
@pytest.mark.parametrize("signer", ["hub-ec", "hub-rsa"])
async def test_openssl_decrypts_and_verifies_a_delivered_mail(authority, clinic, keys, tmp_path, form, signer):
    tls = server_tls(*authority.server("127.0.0.1").write(tmp_path, "tls"))
    mailbox = ClinicMailbox(clinic.key, clinic.certificate, (authority.identity.certificate,), tmp_path / "mail")
    async with mail_server(mailbox, tls) as port:
        channel = EmailChannel(
            (keys / f"{signer}.key").read_bytes(),
            (keys / f"{signer}.crt").read_bytes(),
            "relay@hub.example",
            "127.0.0.1",
            port,
            tls_ca=authority.pem,
            deadline=10,
        )
        endpoint = Endpoint(
            id="e-1",
            organization="org-valley",
            channel=ChannelKind.EMAIL,
            address="intake@clinic.example",
            certificate=clinic.certificate_pem,
            form=form,
        )
        outcome = await channel.deliver(await channel.prepare(sample_parcel(endpoint)))
        await channel.close()
    assert isinstance(outcome, Delivered)
    received = tmp_path / "mail" / f"{outcome.receipt.reference}.p7m.eml"
    opened, verified = tmp_path / "opened", tmp_path / "verified"
    openssl(
        "-decrypt",
        "-in",
        received,
        "-recip",
        keys / "clinic.crt",
        "-inkey",
        keys / "clinic.key",
        "-out",
        opened,
    )
    openssl("-verify", "-in", opened, "-CAfile", keys / "ca.crt", "-purpose", "smimesign", "-out", verified)
    text = verified.read_bytes()
    assert b"Content-Type: message/rfc822" in text
    assert b'filename="document-1.pdf"' in text
    read = " ".join((tmp_path / "mail" / f"{outcome.receipt.reference}.txt").read_text().split())
    assert " ".join(NOTICE.split()) in read
    assert all(value in read for _, value in CONSENT_LINES)


@pytest.mark.parametrize(
    "encryption",
    [
        ["-aes128"],
        ["-aes-256-gcm"],
        ["-aes256", "-keyopt", "rsa_padding_mode:oaep"],
        ["-aes256", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512"],
        ["-aes256", "-keyid"],
        ["-aes256", "-stream"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("signer", ["hub-ec", "hub-rsa"])
async def test_what_openssl_signs_and_encrypts_opens_here(authority, clinic, keys, tmp_path, encryption, signer):
    sealed = sealed_by_openssl(keys, tmp_path, signer, ["-md", "sha384"], encryption)
    opened = await read(sealed, clinic, authority)
    assert isinstance(opened, Opened)
    assert opened.sender == "relay@hub.example"
    assert opened.message.endswith(b"Hello.\r\n")


@pytest.mark.parametrize(
    "signing",
    [
        ["-md", "sha256", "-nodetach"],
        ["-md", "sha512", "-nodetach", "-stream"],
        ["-md", "sha256", "-keyid"],
        ["-md", "sha256", "-stream", "-indef"],
        ["-md", "sha256", "-binary"],
        ["-md", "sha256", "-crlfeol"],
        ["-md", "sha256", "-nosmimecap"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("signer", ["hub-ec", "hub-rsa"])
async def test_every_form_of_signature_that_openssl_writes_opens_here(
    authority, clinic, keys, tmp_path, signing, signer
):
    opened = await read(sealed_by_openssl(keys, tmp_path, signer, signing, ["-aes128"]), clinic, authority)
    assert isinstance(opened, Opened), opened
    assert opened.message.endswith(b"Hello.\r\n")


async def test_a_pss_signature_and_an_elliptic_recipient_open_here(authority, clinic, keys, tmp_path):
    pss = ["-md", "sha256", "-keyopt", "rsa_padding_mode:pss"]
    assert isinstance(
        await read(sealed_by_openssl(keys, tmp_path, "hub-rsa", pss, ["-aes256"]), clinic, authority), Opened
    )
    root = community()
    hub, desk = root.issue("hub.example"), root.issue("clinic.example")
    for name, holder in (("hub", hub), ("desk", desk)):
        (tmp_path / f"{name}.crt").write_bytes(holder.pem)
        (tmp_path / f"{name}.key").write_bytes(holder.key_pem)
    (tmp_path / "content").write_bytes(CONTENT)
    openssl("-sign", "-in", tmp_path / "content", "-signer", tmp_path / "hub.crt", "-inkey", tmp_path / "hub.key",
            "-md", "sha256", "-out", tmp_path / "signed")  # fmt: skip
    openssl(
        "-encrypt", "-in", tmp_path / "signed", "-aes256", "-recip", tmp_path / "desk.crt", "-out", tmp_path / "out"
    )
    raw = (tmp_path / "out").read_bytes()
    opened = await open_message(raw, (desk.opening,), Trust((root.certificate,)), AT)
    assert isinstance(opened, Opened), opened
    sealed_here = sealed(CONTENT, "", Signer(hub.key, hub.certificate), [Addressee(desk.certificate)], AT)
    (tmp_path / "ours").write_bytes(sealed_here)
    openssl("-decrypt", "-in", tmp_path / "ours", "-recip", tmp_path / "desk.crt", "-inkey", tmp_path / "desk.key",
            "-out", tmp_path / "clear")  # fmt: skip
    assert b"Hello." in (tmp_path / "clear").read_bytes()


@pytest.mark.parametrize(
    ("signing", "encryption", "reason"),
    [
        (["-md", "sha1"], ["-aes256"], "weak-digest"),
        (["-md", "md5"], ["-aes256"], "weak-digest"),
        (["-md", "sha256"], ["-des3"], "weak-cipher"),
        (["-md", "sha256", "-nocerts"], ["-aes256"], "no-signer-certificate"),
        (["-md", "sha256", "-noattr"], ["-aes256"], "no-signed-attributes"),
    ],
)
async def test_weak_or_incomplete_mail_is_refused_with_its_reason(
    authority, clinic, keys, tmp_path, signing, encryption, reason
):
    sealed = sealed_by_openssl(keys, tmp_path, "hub-rsa", signing, encryption)
    refused = await read(sealed, clinic, authority)
    assert isinstance(refused, Refused)
    assert refused.code == reason


async def test_the_clinic_refuses_mail_whose_signer_it_does_not_trust(authority, clinic, keys, tmp_path):
    stranger = Authority("a stranger's authority").mail_signer("relay@hub.example")
    tls = server_tls(*authority.server("127.0.0.1").write(tmp_path, "tls"))
    mailbox = ClinicMailbox(clinic.key, clinic.certificate, (authority.identity.certificate,), tmp_path / "mail")
    async with mail_server(mailbox, tls) as port:
        channel = EmailChannel(
            stranger.key_pem,
            stranger.certificate_pem,
            "relay@hub.example",
            "127.0.0.1",
            port,
            tls_ca=authority.pem,
            deadline=10,
        )
        endpoint = Endpoint(
            id="e-1",
            organization="org-valley",
            channel=ChannelKind.EMAIL,
            address="intake@clinic.example",
            certificate=clinic.certificate_pem,
        )
        outcome = await channel.deliver(await channel.prepare(sample_parcel(endpoint)))
        await channel.close()
    assert mailbox.refused == ["untrusted"]
    assert not (tmp_path / "mail").exists()
    assert outcome == Unknown(code="smtp-554-after-content")


async def read(sealed: bytes, clinic, authority) -> Opened | Refused:
    key = OpeningKey(clinic.key, clinic.certificate)
    return await open_message(sealed, (key,), Trust((authority.identity.certificate,)), now_us())


def sealed_by_openssl(keys: Path, folder: Path, signer: str, signing: list[str], encryption: list[str]) -> bytes:
    content, signed, sealed = folder / "content", folder / "signed", folder / "sealed"
    content.write_bytes(CONTENT)
    who = ["-signer", keys / f"{signer}.crt", "-inkey", keys / f"{signer}.key"]
    openssl("-sign", "-in", content, "-out", signed, *who, *signing)
    # `-keyopt` belongs to the recipient named before it
    cipher = [option for option in encryption if option.startswith(("-aes", "-des", "-stream", "-keyid"))]
    options = [option for option in encryption if option not in cipher]
    openssl("-encrypt", "-in", signed, "-out", sealed, *cipher, "-recip", keys / "clinic.crt", *options)
    return sealed.read_bytes()


def openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", "cms", *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()

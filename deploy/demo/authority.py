"""Makes the demonstration's private authority: TLS and S/MIME certificates, X25519 and Ed25519 keys, in one
folder.

    python -m deploy.demo.authority FOLDER

Everything is invented and short-lived; none of it may be used for real people. Rules kept: private keys are
readable by their owner alone; mail certificates bind a mailbox or a domain by subjectAltName, as Direct asks.
"""

import datetime as dt
import ipaddress
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from nacl.public import PrivateKey
from nacl.signing import SigningKey

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_LIFETIME = dt.timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """A private key and its certificate, with their PEM forms."""

    key: Key
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Writes `name.crt` and `name.key` (mode 0600); returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.certificate_pem)
        write_private(key, self.key_pem)
        return certificate, key


class Authority:
    """A private certification authority that lives as long as the object, or as its folder."""

    def __init__(self, name: str = "Part2 Hub demonstration authority") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.identity = Identity(key, _certificate(name, key, None, [], is_authority=True))

    @property
    def pem(self) -> bytes:
        return self.identity.certificate_pem

    def server(self, *hosts: str) -> Identity:
        """A TLS server certificate for host names and IP addresses."""
        names = [_host_name(host) for host in hosts]
        key = ec.generate_private_key(ec.SECP256R1())
        usage = [ExtendedKeyUsageOID.SERVER_AUTH]
        return Identity(key, _certificate(hosts[0], key, self.identity, names, usage=usage))

    def client(self, host: str) -> Identity:
        """A TLS client certificate of a partner's system, under its host name."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
        return Identity(key, _certificate(host, key, self.identity, [x509.DNSName(host)], usage=usage))

    def mail(self, address: str, *, rsa_bits: int = 2048, days: int = 30) -> Identity:
        """An S/MIME certificate for a mailbox (`a@b.example`) or a whole domain (`b.example`); RSA, so it can
        decrypt.
        """
        key = rsa.generate_private_key(65537, rsa_bits)
        return self._mail(address, key, days)

    def mail_signer(self, address: str) -> Identity:
        """An S/MIME certificate that only signs: ECDSA P-256, three times faster than RSA."""
        return self._mail(address, ec.generate_private_key(ec.SECP256R1()), 30)

    def _mail(self, address: str, key: Key, days: int) -> Identity:
        name: x509.GeneralName = x509.RFC822Name(address) if "@" in address else x509.DNSName(address)
        usage = [ExtendedKeyUsageOID.EMAIL_PROTECTION]
        return Identity(key, _certificate(address, key, self.identity, [name], usage=usage, days=days))


def write_private(path: Path, content: bytes) -> None:
    """Writes a secret so that only its owner can read it, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def make(folder: Path) -> None:
    """Everything the demonstration needs, into `folder`; replaces what is there.

    ca.crt/key; mail-tls, api-tls (localhost servers); hub-mail (signs), clinic-mail and mhp-mail (decrypt);
    hub-ed25519.key (signs API deliveries), mcp-x25519.key (opens envelopes), mcp-ed25519.key (signs
    acknowledgements), each with its 32-byte public half in `.pub`.
    """
    authority = Authority()
    authority.identity.write(folder, "ca")
    for name in ("mail-tls", "api-tls"):
        authority.server("localhost", "127.0.0.1").write(folder, name)
    authority.mail_signer("hub.example").write(folder, "hub-mail")
    for name in ("clinic", "mhp"):
        authority.mail(f"{name}.example").write(folder, f"{name}-mail")
    for name in ("hub-ed25519", "mcp-ed25519"):
        signing = SigningKey.generate()
        write_private(folder / f"{name}.key", bytes(signing))
        (folder / f"{name}.pub").write_bytes(bytes(signing.verify_key))
    opening = PrivateKey.generate()
    write_private(folder / "mcp-x25519.key", bytes(opening))
    (folder / "mcp-x25519.pub").write_bytes(bytes(opening.public_key))


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(
    name: str,
    key: Key,
    issuer: Identity | None,
    names: list[x509.GeneralName],
    *,
    is_authority: bool = False,
    usage: list[x509.ObjectIdentifier] | None = None,
    days: int = 30,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    start = now - _LIFETIME  # a negative `days` makes an expired certificate
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_usage(is_authority, isinstance(key, rsa.RSAPrivateKey)), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(is_authority: bool, encrypts: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=encrypts,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))

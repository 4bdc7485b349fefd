"""An invented Direct community for tests: authorities, members' certificates with any fault, and mail between them."""

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from adapters.email.cms.opening import OpeningKey

NOW = dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC)
AT = int(NOW.timestamp()) * 1_000_000
DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SHARED_RSA = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
"""RSA keys are slow to make; tests that need no key of their own share these."""
WEAK_RSA = rsa.generate_private_key(65537, 1024)


@dataclass(frozen=True)
class Holder:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def opening(self) -> OpeningKey:
        return OpeningKey(self.key, self.certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def issue(self, name: str, **options) -> "Holder":
        return certificate(name, issuer=self, **options)


def usage(*uses: str) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in uses for name in names})


def authority(name: str = "Direct root", **options) -> Holder:
    return certificate(name, ca=True, **options)


def certificate(
    name: str,
    *,
    issuer: Holder | None = None,
    key: Key | None = None,
    sans: list[x509.GeneralName] | None = None,
    ca: bool = False,
    path_length: int | None = None,
    uses: tuple[str, ...] | None = None,
    extended: tuple[x509.ObjectIdentifier, ...] = (),
    start: dt.datetime = NOW - 30 * DAY,
    end: dt.datetime = NOW + 30 * DAY,
    digest: hashes.HashAlgorithm | None = None,
    crl: str | None = None,
    ocsp: str | None = None,
    aia: str | None = None,
    constraints: x509.NameConstraints | None = None,
    basic: bool = True,
    email_subject: bool = False,
    extra: list[tuple[x509.ExtensionType, bool]] | None = None,
) -> Holder:
    """A certificate for `name`: a mailbox if it holds an @, else a domain; or an authority of that name."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    attribute = NameOID.EMAIL_ADDRESS if email_subject else NameOID.COMMON_NAME
    subject = x509.Name([x509.NameAttribute(attribute, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    if uses is None:
        uses = ("key_cert_sign", "crl_sign") if ca else ("digital_signature", "key_encipherment", "key_agreement")
    if uses:
        builder = builder.add_extension(usage(*uses), critical=True)
    if sans is None and not ca and not email_subject:
        sans = [x509.RFC822Name(name) if "@" in name else x509.DNSName(name)]
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    for each, critical in [*_sources(crl, ocsp, aia), *(extra or [])]:
        builder = builder.add_extension(each, critical=critical)
    return Holder(key, builder.sign(signer, digest or hashes.SHA256()))


def _sources(crl: str | None, ocsp: str | None, aia: str | None) -> list[tuple[x509.ExtensionType, bool]]:
    """Where a certificate says that its revocation and its issuer can be found."""
    found: list[tuple[x509.ExtensionType, bool]] = []
    if crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        found.append((x509.CRLDistributionPoints([point]), False))
    methods = ((AuthorityInformationAccessOID.OCSP, ocsp), (AuthorityInformationAccessOID.CA_ISSUERS, aia))
    access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in methods if url]
    if access:
        found.append((x509.AuthorityInformationAccess(access), False))
    return found


def rsa_holder(name: str, issuer: Holder, **options) -> Holder:
    """A member whose RSA key can open mail."""
    return certificate(name, issuer=issuer, key=SHARED_RSA[0], **options)


MAIL_USE = (ExtendedKeyUsageOID.EMAIL_PROTECTION,)

MESSAGE = (
    b"From: <nurse@clinic.example>\r\nTo: <intake@hub.example>\r\nSubject: Referral\r\n"
    b"Message-ID: <m1@clinic.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nThe content.\r\n"
)
OUTER = "From: <nurse@clinic.example>\r\nTo: <intake@hub.example>\r\nMessage-ID: <m1@clinic.example>\r\n"

"""What may be entered in the directory, checked before it is stored: organizations, endpoints, agreements.

The directory is the only source of addresses and of keys to seal to, so an entry that could not be used is refused
here, not found out at the first delivery.
"""

import re
from datetime import date
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from hub.errors import Malformed
from hub.model import ChannelKind, Endpoint, Frozen
from hub.storage.directory import Organization
from policies.model import Agreement
from policies.vocabulary import AGREEMENT_KINDS, ROLES, SUD_STATUSES

_ID = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_MAX_ID = 64
_MAX_TEXT = 200
_EMAIL = re.compile(r"[^@\s<>\",;:]{1,64}@[A-Za-z0-9.-]{1,190}")
_FAX = re.compile(r"\+[1-9][0-9]{6,14}")
_NPI = re.compile(r"[0-9]{10}")
_KEY_BYTES = 32
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?")
_SEALED = frozenset({"sealed", "sealed-v2"})
"""An envelope, of version 1 and of version 2."""
_FORMS = {
    ChannelKind.API: _SEALED | {"fhir"},
    ChannelKind.EMAIL: frozenset({"context", "xdm", "360x", "no-mdn", "dispatched", "gcm", "pkcs1"}),
    ChannelKind.FILE: _SEALED,
}
"""The words of an endpoint's form; a channel that is not here takes none."""
_ONE_FORM = (ChannelKind.API, ChannelKind.FILE)


class EndpointEntry(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint as written: keys in base64, certificates as PEM text."""

    organization: str
    channel: ChannelKind
    address: str
    form: str = ""
    rank: int = 0
    certificate: str | None = None
    seal_key: bytes | None = None
    verify_key: bytes | None = None
    tls_ca: str | None = None
    station: str | None = None
    active: bool = True


class AgreementEntry(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"with_party": "with"}):
    """An agreement as written in the case format, section 5."""

    kind: str
    holder: str
    with_party: str
    service: str | None = None
    until: str | None = None
    copies: bool = False


def organization(name: str, raw: dict[str, Any]) -> Organization:
    """Raises `Malformed` naming the field."""
    found = _read({**raw, "id": _checked_id(name)}, Organization)
    if not 0 < len(found.name) <= _MAX_TEXT:
        raise Malformed("An organization has a name.", field="name")
    _words("roles", found.roles, ROLES)
    _words("sud_program", {found.sud_program} - {None}, SUD_STATUSES)
    if found.npi is not None and not _NPI.fullmatch(found.npi):
        raise Malformed("An NPI has ten digits.", field="npi")
    return found


def endpoint(name: str, entry: EndpointEntry, verified_at: int) -> Endpoint:
    """`verified_at`: microseconds, 0 if nobody has verified it. Raises `Malformed` naming the field."""
    _ADDRESS[entry.channel](entry)
    _check_form(entry)
    for field in ("seal_key", "verify_key"):
        key = getattr(entry, field)
        if key is not None and len(key) != _KEY_BYTES:
            raise Malformed("A key has 32 bytes, in base64.", field=field)
    return Endpoint(
        id=_checked_id(name),
        organization=entry.organization,
        channel=entry.channel,
        address=entry.address,
        form=" ".join(entry.form.split()),
        rank=entry.rank,
        certificate=_pem("certificate", entry.certificate),
        seal_key=entry.seal_key,
        verify_key=entry.verify_key,
        tls_ca=_pem("tls_ca", entry.tls_ca),
        station=entry.station,
        verified_at=verified_at,
    )


def agreement(name: str, entry: AgreementEntry) -> Agreement:
    """Raises `Malformed` naming the field."""
    _words("kind", {entry.kind}, AGREEMENT_KINDS)
    try:
        until = date.fromisoformat(entry.until) if entry.until else None
    except ValueError:
        raise Malformed("A date is written YYYY-MM-DD.", field="until") from None
    return Agreement(_checked_id(name), entry.kind, entry.holder, entry.with_party, entry.service, until, entry.copies)


def _check_form(entry: EndpointEntry) -> None:
    """What nobody here understands would be left out at every delivery, and never seen."""
    known, given = _FORMS.get(entry.channel, frozenset()), entry.form.split()
    if not known and given:
        raise Malformed("An endpoint of this channel has no form.", field="form")
    if not known.issuperset(given) or len(set(given)) < len(given) or (entry.channel in _ONE_FORM and len(given) > 1):
        how = "one of" if entry.channel in _ONE_FORM else "any of"
        raise Malformed(f"The form is {how}: {', '.join(sorted(known))}.", field="form")


def _url(entry: EndpointEntry, words: str) -> SplitResult:
    """The address, with a host and a port that is one. Raises `Malformed` with these words."""
    try:
        url = urlsplit(entry.address)
        plain = url.hostname and url.port != 0 and not (url.query or url.fragment) and _PATH.fullmatch(url.path)
    except ValueError:
        plain = None
    if not plain:
        raise Malformed(words, field="address")
    return url


def _email(entry: EndpointEntry) -> None:
    if not _EMAIL.fullmatch(entry.address):
        raise Malformed("An email endpoint has a mail address.", field="address")
    if entry.certificate is None:
        raise Malformed("Mail is sealed to a certificate; none is given.", field="certificate")


def _fax(entry: EndpointEntry) -> None:
    if not _FAX.fullmatch(entry.address):
        raise Malformed("A fax number is written +17075550100.", field="address")


def _api(entry: EndpointEntry) -> None:
    words = "An API endpoint has a plain https address."
    url = _url(entry, words)
    if url.scheme != "https" or url.username is not None:
        raise Malformed(words, field="address")
    if not entry.form.split():
        raise Malformed("An API endpoint takes the form fhir, sealed-v2 or sealed.", field="form")
    if entry.form.strip() in _SEALED and entry.seal_key is None:
        raise Malformed("A sealed form needs the key to seal to.", field="seal_key")


def _pickup(entry: EndpointEntry) -> None:
    if not _EMAIL.fullmatch(entry.address):
        raise Malformed("A pick-up endpoint has the mail address that is told.", field="address")


def _mllp(entry: EndpointEntry) -> None:
    words = "An HL7 v2 endpoint has an address mllps://host:port."
    url = _url(entry, words)
    if url.scheme != "mllps" or url.path or url.username is not None:
        raise Malformed(words, field="address")


def _file(entry: EndpointEntry) -> None:
    words = "A file endpoint has an address sftp://user@host:port/folder."
    url = _url(entry, words)
    if url.scheme != "sftp" or not url.username or url.password is not None:
        raise Malformed(words, field="address")
    if entry.station is None:
        raise Malformed("An SFTP server is known by its host key; station holds it.", field="station")


_ADDRESS = {
    ChannelKind.EMAIL: _email,
    ChannelKind.FAX: _fax,
    ChannelKind.API: _api,
    ChannelKind.MLLP: _mllp,
    ChannelKind.FILE: _file,
    ChannelKind.PICKUP: _pickup,
}


def _pem(field: str, text: str | None) -> bytes | None:
    if text is None:
        return None
    from cryptography import x509  # noqa: PLC0415 - 6 MiB that only a directory's change needs

    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise Malformed("A certificate is given as PEM text.", field=field) from None
    return text.encode()


def _read(raw: dict[str, Any], kind: type[Organization]) -> Organization:
    unknown = raw.keys() - {field.name for field in msgspec.structs.fields(kind)}
    if unknown:
        raise Malformed("A field that is not known here.", field=min(unknown))
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise Malformed("The entry does not follow the format.", field=str(error).rpartition("`$.")[2][:-1]) from None


def _checked_id(name: str) -> str:
    if len(name) > _MAX_ID or not _ID.fullmatch(name):
        raise Malformed("An id has small letters, digits and hyphens.", field="id")
    return name


def _words(field: str, given: Any, known: frozenset[str]) -> None:
    if not known.issuperset(given):
        raise Malformed("A word that is not known here.", field=field)

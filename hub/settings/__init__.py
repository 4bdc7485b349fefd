"""Settings: environment variables, read once at the start; each part gets only the values it needs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from hub.business_days import Calendar, read_calendar
from hub.compliance.clocks import published, read_clocks
from hub.compliance.duties import LEGAL_ROLES, Duties
from hub.crypto.notes import COSIGNATURE_V1, Verifier
from hub.errors import ConfigurationError, Malformed
from hub.model import Frozen
from hub.retention import schedule
from hub.retention.schedule import Schedule
from hub.settings import values
from hub.settings.glass import Glass, read_glass
from hub.settings.mail import MailSettings, read_mail
from hub.workers.freight import MOST_BYTES
from policies.choices import OPTIONS, Choices, read_choices
from policies.county.packs import PACKS


class MllpSettings(Frozen, frozen=True, kw_only=True):
    """The HL7 v2 listener, and the hub's own certificate towards v2 partners."""

    listen: tuple[str, int] | None
    plain: bool
    """Without TLS; on a loopback address only."""
    certificate: Path | None
    key: Path | None
    client_ca: Path | None
    """Who must have issued a partner's client certificate."""
    peers: Path | None
    max_bytes: int


class Settings(Frozen, frozen=True, kw_only=True):
    """One field for each variable of deploy/OPERATOR.md."""

    data: Path
    keys: Path
    database_url: str
    """`sqlite:///PATH` or `postgresql://...`"""
    redis_url: str | None
    listen_host: str
    listen_port: int
    probes: tuple[str, int] | None
    """Where a worker or an intake tells whether it lives and what it counts."""
    zone: ZoneInfo
    calendar: Calendar
    county_pack: str | None
    choices: Choices
    """Counsel's answers where the law leaves room; the safe ones unless set."""
    operator: str | None
    """The hub's own party id in the directory; its agreements with disclosers are checked (§2.12(c)(4))."""
    glass: Glass
    """Who may break the glass in an emergency, and for how long."""
    duties: Duties
    witnesses: tuple[Verifier, ...]
    """Outsiders whose cosignatures on the ledger's heads are kept."""
    retention: Schedule | None
    """How long payloads are kept; none: nothing is destroyed by the clock."""
    demo: bool
    smtp_host: str | None
    smtp_port: int
    smtp_ca: Path | None
    smtp_implicit_tls: bool
    """TLS from the first byte (port 465) instead of STARTTLS; one of the two is always required."""
    smtp_user: str | None
    smtp_password: Path | None
    smtp_from: str
    public_url: str | None
    """The hub's address as partners reach it; with a relay, what makes pick-up possible."""
    smime_key: Path | None
    smime_certificate: Path | None
    mail: MailSettings
    direct_trust: Path
    """Folder of the trust anchors and bundles for Direct mail."""
    direct_revocation: Literal["refuse", "accept"]
    """What it means when nobody can say whether a certificate is revoked."""
    direct_dns: str | None
    """`HOST:PORT` of the DNS server that discovery asks, instead of the system's."""
    direct_loopback: bool
    """Lets discovery and fetching reach this machine itself: tests alone."""
    hylafax_url: str | None
    hylafax_admin: Path | None
    """File with the fax server's administrator password, for session logs and the receive queue."""
    fax_inbound: bool
    """Whether the faxes that come in at the fax server are the hub's to fetch."""
    fax_mark: Path | None
    """A file that the fax server's hook touches at each fax that came in."""
    fax_cloud: Path | None
    """File (mode 600) with the account at a fax provider; used instead of HylaFAX and of the folder."""
    fax_spool: Path | None
    """The folder that stands for a fax server where there is none; none where nobody empties one."""
    mllp: MllpSettings
    atna: tuple[str, int] | None
    """Host and port of the audit repository that disclosures and views are fed to (RFC 5425)."""
    atna_ca: Path | None
    atna_certificate: Path | None
    atna_key: Path | None
    smart: Path | None
    """File of the API endpoints that ask for an access token (SMART), and the key that gets one."""
    drops: Path | None
    """File of the partners' folders that are looked into."""
    sftp_key: Path | None
    """The hub's private key towards SFTP servers."""
    freight_bytes: int
    """Of documents, in large packets, that a worker has under way at a time."""
    no_consent_us: int
    """How long something may wait for a consent before a person hears of it."""
    lease_us: int
    """How long after a worker's last sign of life its deliveries are settled."""

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or none with PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.database_url.startswith(prefix) else None


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment. Raises `ConfigurationError` naming the variable that is wrong."""
    data = Path(environ.get("HUB_DATA", "data"))
    host, _, port = environ.get("HUB_LISTEN", "127.0.0.1:8080").rpartition(":")
    implicit = _implicit_tls(environ.get("HUB_SMTP_TLS", "starttls"))
    return Settings(
        data=data,
        keys=Path(environ.get("HUB_KEYS", data / "keys.json")),
        database_url=values.database_url(environ.get("HUB_DATABASE_URL", f"sqlite:///{data / 'hub.sqlite'}")),
        redis_url=values.redis_url(environ.get("HUB_REDIS_URL")),
        listen_host=host or "127.0.0.1",
        listen_port=values.port_number(port, "HUB_LISTEN"),
        probes=values.address(environ.get("HUB_PROBES"), "HUB_PROBES"),
        zone=values.zone(environ.get("HUB_ZONE", "America/Los_Angeles")),
        calendar=_calendar(environ.get("HUB_HOLIDAYS")),
        county_pack=_pack(environ.get("HUB_COUNTY_PACK") or None),
        choices=chosen_in(environ),
        operator=environ.get("HUB_OPERATOR") or None,
        glass=read_glass(environ),
        duties=_duties(environ),
        witnesses=_witnesses(_path(environ.get("HUB_WITNESSES"))),
        retention=_retention(environ.get("HUB_RETENTION")),
        demo=values.switch(environ, "HUB_DEMO"),
        smtp_host=environ.get("HUB_SMTP_HOST") or None,
        smtp_port=values.port_number(environ.get("HUB_SMTP_PORT", "465" if implicit else "587"), "HUB_SMTP_PORT"),
        smtp_ca=_path(environ.get("HUB_SMTP_CA")),
        smtp_implicit_tls=implicit,
        smtp_user=environ.get("HUB_SMTP_USER") or None,
        smtp_password=_path(environ.get("HUB_SMTP_PASSWORD_FILE")),
        smtp_from=environ.get("HUB_SMTP_FROM", "exchange@hub.test"),
        public_url=values.public_url(environ.get("HUB_PUBLIC_URL")),
        smime_key=_path(environ.get("HUB_SMIME_KEY")),
        smime_certificate=_path(environ.get("HUB_SMIME_CERT")),
        mail=read_mail(environ),
        direct_trust=Path(environ.get("HUB_DIRECT_TRUST", data / "direct")),
        direct_revocation=_revocation(environ.get("HUB_DIRECT_REVOCATION", "refuse")),
        direct_dns=values.dns_server(environ.get("HUB_DIRECT_DNS")),
        direct_loopback=values.switch(environ, "HUB_DIRECT_LOOPBACK"),
        hylafax_url=environ.get("HUB_HYLAFAX_URL") or None,
        hylafax_admin=_path(environ.get("HUB_HYLAFAX_ADMIN_FILE")),
        fax_inbound=values.switch(environ, "HUB_FAX_INBOUND"),
        fax_mark=_path(environ.get("HUB_FAX_MARK")),
        fax_cloud=_path(environ.get("HUB_FAX_CLOUD")),
        fax_spool=_path(environ.get("HUB_FAX_SPOOL", str(data / "fax-spool"))),
        mllp=_mllp(environ),
        atna=values.address(environ.get("HUB_ATNA"), "HUB_ATNA"),
        atna_ca=_path(environ.get("HUB_ATNA_CA")),
        atna_certificate=_path(environ.get("HUB_ATNA_CERT")),
        atna_key=_path(environ.get("HUB_ATNA_KEY")),
        smart=_path(environ.get("HUB_SMART")),
        drops=_path(environ.get("HUB_DROPS")),
        sftp_key=_path(environ.get("HUB_SFTP_KEY")),
        freight_bytes=_freight_bytes(environ.get("HUB_FREIGHT_MIB", str(MOST_BYTES >> 20))),
        no_consent_us=_no_consent_us(environ.get("HUB_NO_CONSENT_H", "24")),
        lease_us=_lease_us(environ.get("HUB_LEASE_S", "120")),
    )


def chosen_in(environ: Mapping[str, str] = os.environ) -> Choices:
    """Counsel's choices, `HUB_CHOICES`. Raises `ConfigurationError` with the answers there are."""
    try:
        return read_choices(environ.get("HUB_CHOICES", ""))
    except ValueError:
        answers = ", ".join(f"{each.doubt}={each.safe} or {each.other}" for each in OPTIONS)
        raise ConfigurationError(f"HUB_CHOICES is a list of answers: {answers}; each once.") from None


def _retention(text: str | None) -> Schedule | None:
    if text == "off":
        return None
    return schedule.read_schedule(Path(text)) if text else schedule.published()


def _witnesses(file: Path | None) -> tuple[Verifier, ...]:
    if file is None:
        return ()
    try:
        keys = tuple(Verifier.parse(line) for line in file.read_text(encoding="utf-8").split())
    except (OSError, UnicodeError, Malformed):
        raise ConfigurationError(
            "HUB_WITNESSES is a file with a witness's public key (name+id+base64) a line."
        ) from None
    if any(key.algorithm != COSIGNATURE_V1 for key in keys):
        raise ConfigurationError("HUB_WITNESSES names keys of the cosignature type (04).")
    return keys


def _mllp(environ: Mapping[str, str]) -> MllpSettings:
    address, plain = environ.get("HUB_MLLP_LISTEN", ""), environ.get("HUB_MLLP_TLS", "required")
    host, _, port = address.rpartition(":")
    if plain not in ("required", "off"):
        raise ConfigurationError("HUB_MLLP_TLS is required, or off on a loopback address.")
    if plain == "off" and address and host not in ("127.0.0.1", "[::1]", "localhost"):
        raise ConfigurationError("HUB_MLLP_TLS=off is for a loopback address; records never cross a network in clear.")
    megabytes = environ.get("HUB_MLLP_MAX_MB", "1")
    if megabytes not in map(str, range(1, 21)):
        raise ConfigurationError("HUB_MLLP_MAX_MB is 1 to 20.")
    return MllpSettings(
        listen=(host.strip("[]"), values.port_number(port, "HUB_MLLP_LISTEN")) if address else None,
        plain=plain == "off",
        certificate=_path(environ.get("HUB_MLLP_CERT")),
        key=_path(environ.get("HUB_MLLP_KEY")),
        client_ca=_path(environ.get("HUB_MLLP_CLIENT_CA")),
        peers=_path(environ.get("HUB_MLLP_PEERS")),
        max_bytes=int(megabytes) << 20,
    )


def _pack(name: str | None) -> str | None:
    # A pack that does not exist would deny everything, at the first packet instead of at the start.
    if name is not None and name not in PACKS:
        raise ConfigurationError(f"HUB_COUNTY_PACK is one of {', '.join(sorted(PACKS))}.")
    return name


def _implicit_tls(text: str) -> bool:
    if text not in ("starttls", "implicit"):
        raise ConfigurationError("HUB_SMTP_TLS is starttls or implicit; there is no way without TLS.")
    return text == "implicit"


def _revocation(text: str) -> Literal["refuse", "accept"]:
    if text == "refuse":
        return "refuse"
    if text == "accept":
        return "accept"
    raise ConfigurationError("HUB_DIRECT_REVOCATION is refuse or accept.")


def _lease_us(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 3 <= int(text) <= 3_600:
        raise ConfigurationError("HUB_LEASE_S is 3 to 3600 seconds.")
    return int(text) * 1_000_000


def _no_consent_us(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 8_760:
        raise ConfigurationError("HUB_NO_CONSENT_H is 1 to 8760 hours.")
    return int(text) * 3_600_000_000


def _freight_bytes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_536:
        raise ConfigurationError("HUB_FREIGHT_MIB is 1 to 65536 MiB.")
    return int(text) << 20


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _calendar(text: str | None) -> Calendar:
    return read_calendar(Path(text)) if text else Calendar()


def _duties(environ: Mapping[str, str]) -> Duties:
    role = environ.get("HUB_LEGAL_ROLE", LEGAL_ROLES[0])
    if role not in LEGAL_ROLES:
        raise ConfigurationError(f"HUB_LEGAL_ROLE is {' or '.join(LEGAL_ROLES)}.")
    clocks = environ.get("HUB_CLOCKS")
    return Duties(
        role=role,
        clocks=read_clocks(Path(clocks)) if clocks else published(),
        tells_earlier_recipients=values.switch(environ, "HUB_TELL_REVOCATIONS"),
        sender_name=environ.get("HUB_LETTERHEAD", ""),
    )

"""Settings: environment variables, read once at the start; each part gets only the values it needs."""

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from hub import variables
from hub.business_days import Calendar, read_calendar
from hub.compliance.clocks import published, read_clocks
from hub.compliance.duties import LEGAL_ROLES, Duties
from hub.crypto.notes import COSIGNATURE_V1, Verifier
from hub.errors import ConfigurationError, Malformed
from hub.model import Frozen
from hub.retention import schedule
from hub.retention.schedule import Schedule
from hub.settings import values
from hub.settings.audit import AuditSettings, read_audit
from hub.settings.direct import DirectSettings, read_direct
from hub.settings.fax import FaxSettings, read_fax
from hub.settings.glass import Glass, read_glass
from hub.settings.mail import MailSettings, read_mail
from hub.settings.mllp import MllpSettings, read_mllp
from hub.settings.relay import RelaySettings, read_relay
from hub.workers.freight import MOST_BYTES
from policies.choices import OPTIONS, Choices, read_choices
from policies.county.packs import PACKS


class Settings(Frozen, frozen=True, kw_only=True):
    """The variables of deploy/OPERATOR.md."""

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
    relay: RelaySettings
    public_url: str | None
    """The hub's address as partners reach it; with a relay, what makes pick-up possible."""
    smime_key: Path | None
    smime_certificate: Path | None
    mail: MailSettings
    direct: DirectSettings
    fax: FaxSettings
    mllp: MllpSettings
    audit: AuditSettings
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
    """Settings from the environment. Raises `ConfigurationError` naming the variable that is wrong, or that is none."""
    variables.check(environ)
    data = Path(environ.get("HUB_DATA", "data"))
    host, _, port = environ.get("HUB_LISTEN", "127.0.0.1:8080").rpartition(":")
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
        witnesses=_witnesses(values.path(environ.get("HUB_WITNESSES"))),
        retention=_retention(environ.get("HUB_RETENTION")),
        demo=values.switch(environ, "HUB_DEMO"),
        relay=read_relay(environ),
        public_url=values.public_url(environ.get("HUB_PUBLIC_URL")),
        smime_key=values.path(environ.get("HUB_SMIME_KEY")),
        smime_certificate=values.path(environ.get("HUB_SMIME_CERT")),
        mail=read_mail(environ),
        direct=read_direct(environ, data),
        fax=read_fax(environ, data),
        mllp=read_mllp(environ),
        audit=read_audit(environ),
        smart=values.path(environ.get("HUB_SMART")),
        drops=values.path(environ.get("HUB_DROPS")),
        sftp_key=values.path(environ.get("HUB_SFTP_KEY")),
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


def _pack(name: str | None) -> str | None:
    # A pack that does not exist would deny everything, at the first packet instead of at the start.
    if name is not None and name not in PACKS:
        raise ConfigurationError(f"HUB_COUNTY_PACK is one of {', '.join(sorted(PACKS))}.")
    return name


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

"""Who is told: added, listed, given a new secret, removed, each by its own organization or an administrator."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from nacl.signing import SigningKey
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.envelope import Sealed, open, seal  # noqa: A004 - the glossary's verb
from hub.crypto.keyring import KeyKind
from hub.errors import Malformed, NotAvailable
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Insert, Lookup, columns_of
from hub.storage.tables import Webhook
from hub.webhooks import signing

EVENTS = ("submission.changed", "work.waiting", "status.received")
_ADD = Insert(Webhook, columns_of(Webhook))
_BY_ID = Lookup(Webhook, ("organization_id", "url", "key_id", "wrapped_key", "sealed", "ended_at"), "id")
_END = Change(Webhook, ("ended_at", "code"), ("id",))
_RESEAL = Change(Webhook, ("key_id", "wrapped_key", "sealed"), ("id",))
_SHOWN = ("id", "organization_id", "url", "events", "created_at", "ended_at", "code")


class Added(Frozen, frozen=True, kw_only=True):
    id: str
    secret: str
    """Shown this once."""
    public_key: str


class Address(Frozen, frozen=True, kw_only=True):
    """Where to tell, and the secrets that sign."""

    url: str
    secrets: tuple[str, ...]


async def add(hub: Hub, organization: str, url: str, events: tuple[str, ...], *, by: str) -> Added:
    """Raises `Malformed`: no such organization or event, or an address that is no plain https URL."""
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="organization")
    if not events or not set(events) <= set(EVENTS):
        raise Malformed("An event is one of " + ", ".join(EVENTS) + ".", field="events")
    if not _https(url):
        raise Malformed("The address is a plain https URL.", field="url")
    webhook, secret, now = new_id(), signing.new_secret(), hub.clock.now()
    sealed = _sealed(hub, webhook, (secret,))
    row = (
        webhook, organization, url, " ".join(dict.fromkeys(events)), sealed.key_id, sealed.wrapped_key,
        sealed.ciphertext, now, None, None,
    )  # fmt: skip
    body = {"webhook": webhook, "organization": organization, "by": by}
    await hub.database.commit(Unit((), (Step(_ADD, row), entry("webhook.added", now, body, reference=webhook))))
    return Added(id=webhook, secret=secret, public_key=signing.public_key(key_of(hub)))


async def rotate(hub: Hub, webhook: str, *, organization: str | None, by: str) -> str:
    """A new secret, shown this once; the one before it signs as well until the next. Raises `NotAvailable`."""
    known = await _theirs(hub, webhook, organization)
    secret, now = signing.new_secret(), hub.clock.now()
    sealed = _sealed(hub, webhook, (secret, known.secrets[0]))
    trace = entry("webhook.rotated", now, {"webhook": webhook, "by": by}, reference=webhook)
    row = (sealed.key_id, sealed.wrapped_key, sealed.ciphertext, webhook)
    await hub.database.commit(Unit((), (Step(_RESEAL, row), trace)))
    return secret


async def remove(hub: Hub, webhook: str, *, organization: str | None, by: str) -> None:
    """It is told of nothing any more. Raises `NotAvailable` if there is none, or it is not theirs."""
    await _theirs(hub, webhook, organization)
    now = hub.clock.now()
    trace = entry("webhook.removed", now, {"webhook": webhook, "by": by}, reference=webhook)
    await hub.database.commit(Unit((), (Step(_END, (now, "removed", webhook)), trace)))


def ended(webhook: str, now: int) -> tuple[Step, ...]:
    """The receiver said that it is gone for good."""
    return Step(_END, (now, "gone", webhook)), entry("webhook.removed", now, {"webhook": webhook}, reference=webhook)


async def listed(hub: Hub, organization: str | None) -> list[dict[str, Any]]:
    """An organization's (none: everybody's), never a secret."""
    statement = select(*(col(getattr(Webhook, name)) for name in _SHOWN)).order_by(col(Webhook.id))
    if organization is not None:
        statement = statement.where(col(Webhook.organization_id) == organization)
    return [dict(zip(_SHOWN, row, strict=True)) for row in await hub.database.query(statement)]


async def address(hub: Hub, webhook: str) -> Address | None:
    """Where to tell; none once it has ended."""
    for _organization, url, key_id, wrapped_key, sealed, ended_at in await hub.database.lookup(_BY_ID, webhook):
        if ended_at is None:
            plain = open(hub.ring, _record(webhook), Sealed(key_id, wrapped_key, sealed))
            return Address(url=url, secrets=msgspec.json.decode(plain, type=tuple[str, ...]))
    return None


def key_of(hub: Hub) -> SigningKey:
    """The hub's own, which signs deliveries to partners too."""
    return SigningKey(hub.ring.active(KeyKind.DELIVERY).secret)


async def _theirs(hub: Hub, webhook: str, organization: str | None) -> Address:
    # INVARIANT: no-existence-leak
    rows = await hub.database.lookup(_BY_ID, webhook)
    known = await address(hub, webhook)
    if known is None or organization not in (None, rows[0][0]):
        raise NotAvailable
    return known


def _sealed(hub: Hub, webhook: str, secrets: tuple[str, ...]) -> Sealed:
    return seal(hub.ring, _record(webhook), msgspec.json.encode(secrets))


def _record(webhook: str) -> str:
    return f"webhook/{webhook}"


def _https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not (parts.username or parts.password or parts.fragment)

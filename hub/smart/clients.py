"""Registered clients: added, listed and disabled by an administrator, each for one organization."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.model import Frozen, new_id
from hub.record import entry
from hub.smart.keys import read_jwks
from hub.smart.scopes import read_scopes
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Delete, Insert, Lookup, columns_of
from hub.storage.tables import AccessToken, SmartClient

_ADD = Insert(SmartClient, columns_of(SmartClient))
_BY_ID = Lookup(SmartClient, ("organization_id", "scopes", "jwks", "jwks_uri", "disabled_at"), "id")
_DISABLE = Change(SmartClient, ("disabled_at",), ("id",))
_FORGET_TOKENS = Delete(AccessToken, ("client_id",))


class Client(Frozen, frozen=True, kw_only=True):
    id: str
    organization: str
    scopes: tuple[str, ...]
    jwks: str
    jwks_uri: str | None


async def add(
    hub: Hub, organization: str, scopes: str, *, by: str, label: str = "", jwks: bytes = b"", jwks_uri: str = ""
) -> str:
    """The new client's id. Raises `Malformed`: no such organization, no scope, not exactly one source of keys."""
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("The directory has no such organization.", field="organization")
    if bool(jwks) == bool(jwks_uri):
        raise Malformed("Keys come as a key set or from an address, one of them.", field="jwks")
    if jwks:
        read_jwks(jwks)
    elif not _https(jwks_uri):
        raise Malformed("The address of the keys is a plain https URL.", field="jwks_uri")
    known, now = " ".join(read_scopes(scopes)), hub.clock.now()
    client = new_id()
    row = (client, organization, label, known, jwks.decode(), jwks_uri or None, now, None)
    body = {"client": client, "organization": organization, "scopes": known, "by": by}
    await hub.database.commit(Unit((), (Step(_ADD, row), entry("client.added", now, body, reference=client))))
    return client


async def disable(hub: Hub, client: str, *, by: str) -> None:
    """It gets no token any more, and those it has are gone. Raises `NotAvailable` if there is none."""
    if not await hub.database.lookup(_BY_ID, client):
        raise NotAvailable
    now = hub.clock.now()
    trace = entry("client.disabled", now, {"client": client, "by": by}, reference=client)
    steps = (Step(_DISABLE, (now, client)), Step(_FORGET_TOKENS, (client,)), trace)
    await hub.database.commit(Unit((), steps))


async def find(hub: Hub, client: str) -> Client | None:
    """The client, unless there is none or it is disabled."""
    for organization, scopes, jwks, jwks_uri, disabled_at in await hub.database.lookup(_BY_ID, client):
        if disabled_at is None:
            return Client(
                id=client, organization=organization, scopes=tuple(scopes.split()), jwks=jwks, jwks_uri=jwks_uri
            )
    return None


async def list_all(hub: Hub) -> list[dict[str, Any]]:
    """Every client's id, organization, label, scopes and times; keys are public and not shown."""
    names = ("id", "organization_id", "label", "scopes", "jwks_uri", "created_at", "disabled_at")
    columns = (col(getattr(SmartClient, name)) for name in names)
    rows = await hub.database.query(select(*columns).order_by(col(SmartClient.id)))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not (parts.username or parts.password or parts.fragment)

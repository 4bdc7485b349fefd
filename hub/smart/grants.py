"""Access tokens for clients: one for each assertion, good for a quarter of an hour, stored as a keyed hash."""

import os
from typing import NamedTuple

from hub.context import Hub
from hub.crypto.identifiers import hash_secret, hash_token
from hub.errors import Malformed, Stale, Unauthorized
from hub.record import entry
from hub.smart import scopes
from hub.smart.assertions import Asserted
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, InsertNew, columns_of
from hub.storage.tables import AccessToken, SmartAssertion
from hub.storage.tokens import PREFIX

LIFE_S = 900
_USE = InsertNew(SmartAssertion, columns_of(SmartAssertion), ("hash",))
_ADD = Insert(AccessToken, columns_of(AccessToken))


class Granted(NamedTuple):
    token: str
    scope: str


async def grant(hub: Hub, asserted: Asserted, asked: str) -> Granted:
    """A token for what of the asked is registered. Raises `Malformed` for a scope, `Unauthorized` for a repeat."""
    client, now = asserted.client, hub.clock.now()
    found = scopes.granted(scopes.read_scopes(asked), client.scopes)
    if not found:
        raise Malformed("Nothing of this scope is registered for the client.", field="scope")
    token, scope = PREFIX + os.urandom(32).hex(), " ".join(found)
    # The id of a client is opaque and its own: two clients may use the same jti.
    used = hash_secret(hub.ring, f"assertion/{client.id}", asserted.id)
    row = (hash_token(hub.ring, token), client.id, client.organization, scope, now + LIFE_S * 1_000_000)
    body = {"client": client.id, "organization": client.organization, "scope": scope}
    writes = (Step(_ADD, row), entry("client.token", now, body, reference=client.id))
    try:
        await hub.database.commit(Unit((Step(_USE, (used, asserted.expires_at), "jti"),), writes))
    except Stale:
        raise Unauthorized("The client is not known by this assertion.") from None
    return Granted(token, scope)

"""To whom something that waits may be given: a person who acts on this organization's matters, by token or account."""

import contextlib

from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.people import accounts
from hub.storage.statements import Lookup
from hub.storage.tables import Token

_ACTING = frozenset({"compliance", "privacy"})
_TOKEN = Lookup(Token, ("organization_id", "role", "revoked_at"), "id")


async def assignee(hub: Hub, to: str, organization: str) -> str:
    """As the record names them (`to`: the id of their token or account). Raises `Malformed` for somebody who does not
    see what is this organization's, or only reads it.
    """
    for of, role, revoked_at in await hub.database.lookup(_TOKEN, to):
        if revoked_at is None and (role in ("compliance", "admin") or (role == "staff" and of == organization)):
            return f"{of}/{to}"
    with contextlib.suppress(NotAvailable):
        account = await accounts.find(hub, to)
        if not account.disabled and account.may_see(organization) and not _ACTING.isdisjoint(account.roles):
            return account.by
    raise Malformed("No such person may see this.", field="$.to")

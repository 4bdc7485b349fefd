"""Who stands behind what the record names: an account and a token of one human being are one person.

Rules kept here, and nowhere else:
- An account and a person's token name their person since they were given out; a system's token names nobody.
- Where two people are asked for, a system is neither of them.
- Whoever gave out the other's token or invitation could hold both, and is no second person to them.
- What is done at the command line is one hand, whomever it names.
"""

import re
from typing import NamedTuple

from hub.context import Hub
from hub.errors import Conflict, Forbidden, Malformed
from hub.storage.statements import Lookup
from hub.storage.tables import Person, Token

HAND = "command-line"
"""As the record names the operator; `command-line/ID`, acting for a person."""
NOBODY = ""
"""The person of a system's token."""

_TOKEN = Lookup(Token, ("person", "given_by"), "id")
_ACCOUNT = Lookup(Person, ("person", "given_by"), "id")
_TOKENS_OF = Lookup(Token, ("person",), "person")
_ACCOUNTS_OF = Lookup(Person, ("person",), "person")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class _Known(NamedTuple):
    person: str
    given_by: str
    """As the record names who gave it out."""


async def of(hub: Hub, by: str) -> str:
    """The person behind who did something, as the record names them (`Principal.by`, `Account.by`); `NOBODY`: a system,
    or nobody known.
    """
    found = await _known(hub, by)
    return found.person if found else NOBODY


async def need(hub: Hub, by: str) -> str:
    """The person. Raises `Forbidden` for a system."""
    person = await of(hub, by)
    if not person:
        raise Forbidden("Only a person who is known here does this.", code="no-person")
    return person


async def another(hub: Hub, by: str, first: str, says: str) -> None:
    """`by` is a person, and another one than who acted first; a system that did is nobody's hand.

    Raises `Forbidden` for a system, `Conflict` with what it `says` for the same person, and one that says why for two
    who are none (`same-hand`).
    """
    person = await need(hub, by)
    if by == first or person == await of(hub, first):
        raise Conflict(says, code="same-person")
    if _hand(by) and _hand(first):
        raise Conflict("The command line is one hand; another person does this elsewhere.", code="same-hand")
    if await same(hub, by, first):
        said = "One of you gave the other their token or invitation; another person does this."
        raise Conflict(said, code="same-hand")


async def same(hub: Hub, one: str, other: str) -> bool:
    """Whether one human being may stand behind both."""
    if one == other or (_hand(one) and _hand(other)):
        return True
    mine, theirs = await _line(hub, one), await _line(hub, other)
    # Each line begins with whoever acted.
    return bool(mine and mine[0] and mine[0] in theirs) or bool(theirs and theirs[0] and theirs[0] in mine)


async def named(hub: Hub, text: str) -> str:
    """The person that an account's id, or an id of the county's own, stands for, to be written on what is given out.

    Raises `Malformed` for what is no id.
    """
    account = await hub.database.lookup(_ACCOUNT, text)
    if account:
        return str(account[0][0])
    if not _ID.fullmatch(text.lower()):
        raise Malformed("A person's id has letters, digits and . _ -", field="person")
    return text.lower()


async def at_hand(hub: Hub, text: str) -> str:
    """Whom the command line acts for, as the record names them. Raises `Malformed` unless somebody is known so."""
    by = f"{HAND}/{text}"
    if not await of(hub, by):
        raise Malformed("Nobody with an account or a token of their own has this id.", field="by")
    return by


async def _line(hub: Hub, by: str) -> list[str]:
    """The person, then of whoever gave out what they act with, and so on."""
    seen: set[str] = set()
    line: list[str] = []
    while by not in seen and (found := await _known(hub, by)):
        seen.add(by)
        line.append(found.person)
        by = found.given_by
    return line


async def _known(hub: Hub, by: str) -> _Known | None:
    key = by.rpartition("/")[2]
    for statement in (_TOKEN, _ACCOUNT):
        for person, given_by in await hub.database.lookup(statement, key):
            return _Known(person, given_by)
    # A paper or the command line names people by their own id.
    for statement in (_TOKENS_OF, _ACCOUNTS_OF):
        if key and await hub.database.lookup(statement, key.lower()):
            return _Known(key.lower(), HAND)
    return None


def _hand(by: str) -> bool:
    return by.partition("/")[0] == HAND

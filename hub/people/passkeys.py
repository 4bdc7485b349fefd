"""Passkeys (WebAuthn): registered by somebody who is in, used as the second factor.

Rules kept here:
- A challenge is kept with the session and asked once.
- Only the origin and host that the pages are served from count; the authenticator must verify its user.
- A signature count that does not grow is a copied key: refused.
"""

from typing import Any, NamedTuple

from hub.context import Hub
from hub.errors import Malformed, Stale, Unauthorized
from hub.people import sessions
from hub.people.accounts import Account
from hub.people.sessions import Session
from hub.record import entry
from hub.storage import tables
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, InsertNew, Lookup, columns_of

_COLUMNS = columns_of(tables.Passkey)
_ADD = InsertNew(tables.Passkey, _COLUMNS, ("credential",))
_OF = Lookup(tables.Passkey, ("credential", "public_key", "sign_count", "created_at"), "person_id")
_USED = Change(tables.Passkey, ("sign_count",), ("credential", "sign_count"), must_hit=True)
MOST = 10


class Passkey(NamedTuple):
    credential: bytes
    public_key: bytes
    sign_count: int
    created_at: int


class Site(NamedTuple):
    """Where the pages are: `https://hub.example` and `hub.example`."""

    origin: str
    host: str


async def list_for(hub: Hub, person: str) -> list[Passkey]:
    """Somebody's passkeys, oldest first."""
    rows = [Passkey(*row) for row in await hub.database.lookup(_OF, person)]
    return sorted(rows, key=lambda each: each.created_at)


async def begin_adding(hub: Hub, session: Session, account: Account, site: Site) -> str:
    """What the browser is asked to make, as JSON."""
    import webauthn  # noqa: PLC0415 - with the first passkey
    from webauthn.helpers import structs  # noqa: PLC0415

    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Part2 Hub",
        user_id=account.id.encode(),
        user_name=account.email,
        user_display_name=account.name,
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=each.credential) for each in await list_for(hub, account.id)
        ],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            user_verification=structs.UserVerificationRequirement.REQUIRED
        ),
    )
    await sessions.challenge(hub, session, options.challenge)
    return webauthn.options_to_json(options)


async def add(hub: Hub, session: Session, account: Account, site: Site, answer: str) -> None:
    """Keep what the browser made. Raises `Malformed` if it does not fit."""
    import webauthn  # noqa: PLC0415 - with the first passkey

    challenge = await _spent(hub, session)
    if len(await list_for(hub, account.id)) >= MOST:
        raise Malformed("An account has so many passkeys at most.", code="passkey-refused")
    try:
        made = webauthn.verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except _failures():
        raise Malformed("The passkey does not fit.", code="passkey-refused") from None
    now = hub.clock.now()
    row = (made.credential_id, account.id, made.credential_public_key, made.sign_count, now)
    trace = entry("person.enrolled", now, {"by": account.by, "factor": "passkey"}, reference=account.id)
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "passkey"),), (trace,)))
    except Stale:
        raise Malformed("The passkey is somebody's already.", code="passkey-refused") from None


async def begin_using(hub: Hub, session: Session, account: Account, site: Site) -> str:
    """What the browser is asked to sign, as JSON."""
    import webauthn  # noqa: PLC0415 - with the first passkey
    from webauthn.helpers import structs  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        allow_credentials=[
            structs.PublicKeyCredentialDescriptor(id=each.credential) for each in await list_for(hub, account.id)
        ],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    await sessions.challenge(hub, session, options.challenge)
    return webauthn.options_to_json(options)


async def check(hub: Hub, session: Session, account: Account, site: Site, answer: str) -> None:
    """The signature is good and was made for this moment. Raises `Unauthorized`."""
    import webauthn  # noqa: PLC0415 - with the first passkey
    from webauthn.helpers import parse_authentication_credential_json  # noqa: PLC0415

    misfit: tuple[type[Exception], ...] = (*_failures(), KeyError, Stale)
    challenge = await _spent(hub, session)
    known = {each.credential: each for each in await list_for(hub, account.id)}
    try:
        given = parse_authentication_credential_json(answer)
        key = known[given.raw_id]
        used: Any = webauthn.verify_authentication_response(
            credential=given, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=key.public_key, credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )  # fmt: skip
        guard = Step(_USED, (used.new_sign_count, key.credential, key.sign_count), "passkey")
        await hub.database.commit(Unit((guard,), ()))
    except misfit:
        raise Unauthorized("The passkey does not fit.", code="factor-refused") from None


async def _spent(hub: Hub, session: Session) -> bytes:
    await sessions.challenge(hub, session, None)
    if session.challenge is None:
        raise Malformed("Nothing was asked of a passkey.", code="passkey-refused")
    return session.challenge


def _failures() -> tuple[type[Exception], ...]:
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    return WebAuthnException, ValueError, TypeError

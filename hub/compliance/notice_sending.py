"""A notice of revocation goes out the way everything does: through `exchange.submit`, decided like any other item."""

import msgspec

from hub import exchange
from hub.compliance import matters
from hub.compliance.letters.words import Speech
from hub.compliance.matters import Act, Effect
from hub.compliance.notices import digest_of
from hub.context import Hub
from hub.errors import Conflict
from hub.intake import read_manifest
from hub.manifest import Handed
from hub.storage import members
from hub.storage.statements import Lookup
from hub.storage.tables import Outbox

_TEXT = """\
NOTICE: A CONSENT WAS REVOKED

Patient: {name}, born {born}

On {day} the patient revoked the consent under which {discloser} disclosed records to {recipient}.
{discloser} discloses nothing more to you under it. Please do not rely on it for any further use or disclosure
that needs the patient's consent.

This notice recalls nothing. What you received before stays with you, under the protection of 42 CFR part 2.
"""
_DOCUMENT = "notice"
_STATES = Lookup(Outbox, ("state",), "submission_id")


async def send(hub: Hub, matter: str, act: Act) -> str:
    """Hand the notice in; the submission's id. Raises `NotAvailable`, and `Conflict` if it was handed in already."""
    found = await matters.read(hub, matter, act.organization, "notice")
    if found["code"] != "to_send" or found["state"] != "open":
        raise Conflict("This notice was handed in already, or let be.", code="closed")
    if found["facts"]["recipient"] not in (await hub.directory.current()).organizations:
        raise Conflict("Whoever this is for is in no directory: tell them yourself, and let it be.", code="no-address")
    document = (await _text(hub, found)).encode()
    facts = found["facts"]
    manifest = msgspec.json.encode({
        "kind": "status_report",
        "member": {"id": found["member_id"]},
        "purpose": facts["purpose"],
        "recipients": [{"organization": facts["recipient"]}],
        "items": [{"document": _DOCUMENT, "title": "Notice of a revoked consent", "information": "demographics"}],
        "hold_for_consent": False,
    })  # fmt: skip
    handed = Handed(
        sender=found["organization_id"],
        key=f"notice/{matter}",
        manifest=read_manifest(manifest),
        documents={_DOCUMENT: document},
        body_digest=digest_of(manifest, document),
        by=act.by,
    )
    submission = await exchange.submit(hub, handed)
    states = {state for (state,) in await hub.database.lookup(_STATES, submission)}
    code = "withheld" if states <= {"withheld"} else "handed_in"
    await matters.change(hub, matter, act._replace(code=code), Effect(facts={"submission": submission}))
    return submission


async def _text(hub: Hub, found: dict[str, object]) -> str:
    speech = Speech("en", hub.zone)
    identity = await members.identity(hub, str(found["member_id"]))
    organizations = (await hub.directory.current()).organizations
    facts = found["facts"]
    assert isinstance(facts, dict)
    received = found["received_at"]
    assert isinstance(received, int)
    return _TEXT.format(
        name=f"{identity.given} {identity.family}",
        born=identity.born,
        day=speech.day(received),
        discloser=organizations[str(found["organization_id"])].name,
        recipient=organizations[facts["recipient"]].name,
    )

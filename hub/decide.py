"""Step 2, decide: stored facts in, one policy decision per recipient out. Asked at submission, and again at dispatch.

INVARIANT: deny-by-default. The decision itself is `policies.kernel.decide`; here the question is only put together.
"""

from functools import lru_cache
from itertools import chain

import msgspec

from hub.bases.manifests import stated
from hub.bases.stated import NOTHING, Stated, facts_of
from hub.decisions import Asked, DecisionRecord, ItemRecord, item_id
from hub.manifest import ItemManifest, Manifest
from hub.model import ChannelKind
from hub.storage.directory import Directory
from hub.storage.facts import Facts, instant
from policies.findings import RuleBook
from policies.kernel import decide as decide_request
from policies.model import Decision, Item, Party, Request, World
from policies.part2 import necessary
from policies.rules import RULES

UNKNOWN_MEMBER = "member.not_registered"
"""The sender has not registered such a person; the same whether or not somebody else has."""
OUTSIDER = "~outside"
"""Stands for a recipient who is not in the directory; no organization can have this id."""


def asked_by(manifest: Manifest) -> Asked:
    """What of a manifest a decision needs; titles and free text stay out."""
    return Asked(
        purpose=manifest.purpose,
        items=tuple([msgspec.structs.replace(item, document="", title="") for item in manifest.items]),
        kind=manifest.kind.value,
        relationships={r.organization: r.relationship for r in manifest.recipients if r.relationship},
        service=manifest.service,
        calaim=manifest.calaim,
        agreements=manifest.agreements + _named_agreements(manifest),
        stated=_stated(manifest),
    )


def question(
    asked: Asked,
    facts: Facts,
    directory: Directory,
    *,
    discloser: str,
    recipient: str,
    at: int,
    by: str = "ehr",
    operator: str | None = None,
    county_pack: str | None = None,
    outsider: str = OUTSIDER,
) -> Request:
    """The policy question for one recipient at one instant (`at`: microseconds UTC); `outsider`: the name of one who is
    not in the directory.
    """
    stated = asked.stated or NOTHING
    world = directory.world if stated.outsider is None else joined(directory.world, stated.outsider, outsider)
    return Request(
        world=world, at=instant(at), discloser=discloser, recipient=recipient, by=by, through=operator,
        county_pack=county_pack,
        # Known of the person.
        patient=facts.patient, consents=facts.consents, restrictions=facts.restrictions, events=facts.events,
        # Asked for by the sender.
        purpose=asked.purpose, packet=_packet(asked.items, asked.purpose, asked.kind, recipient),
        relationship=asked.relationships.get(recipient), service=asked.service, calaim=asked.calaim,
        agreements=_relied_on(asked, world, discloser, recipient, operator),
        # Stated by the sender.
        identity="unverified" if recipient in stated.unverified else "verified",
        sud_duty=recipient not in stated.without_sud_duty,
        emergency=stated.emergency, demand=stated.demand, order=stated.order, against=stated.against,
        supervision=stated.supervision, registry=stated.registry, findings=stated.findings, crime=stated.crime,
    )  # fmt: skip


def joined(world: World, roles: frozenset[str], name: str) -> World:
    """The world with somebody in it who is in no directory."""
    return World({**world.parties, OUTSIDER: Party(OUTSIDER, name, roles)}, world.agreements, world.zone)


def decide(request: Request, rules: RuleBook = RULES) -> Decision:
    """The engine's answer to the question, under the rules as counsel chose them."""
    return decide_request(request, rules)


def record_of(decision: Decision, request: Request, facts: Facts, directory: Directory) -> DecisionRecord:
    """The decision as a value that can be stored."""
    ordered = request.order is not None
    return DecisionRecord(
        outcome=decision.outcome,
        hold=decision.hold or (ordered and bool(decision.released)),
        items=tuple(
            [
                ItemRecord(
                    item=item,
                    permitted=permitted,
                    hold=hold or (ordered and permitted),
                    basis=basis,
                    consent=consent,
                    reasons=reasons,
                    laws=laws,
                )
                for item, permitted, hold, basis, consent, reasons, laws in decision.items
            ]
        ),
        reasons=decision.reasons,
        obligations=tuple(sorted(decision.obligations)),
        laws=decision.laws,
        consents=decision.consents,
        failed=decision.failed,
        edition=decision.edition,
        discloser=request.discloser,
        recipient=request.recipient,
        purpose=request.purpose,
        by=request.by,
        ordered=ordered,
        fence=facts.fence,
        directory=directory.version,
    )


def nobody(decision: DecisionRecord) -> DecisionRecord:
    """The decision about a person whom the sender has not registered: nothing goes."""
    return msgspec.structs.replace(
        decision,
        outcome="deny",
        hold=False,
        items=tuple(
            msgspec.structs.replace(i, permitted=False, hold=False, basis=None, consent=None, reasons=(UNKNOWN_MEMBER,))
            for i in decision.items
        ),
        reasons=(UNKNOWN_MEMBER,),
        obligations=("generic_refusal",),
        consents=(),
    )


def means(channel: ChannelKind) -> str:
    """How the case format calls a channel: a fax is no disclosure through an electronic health record (§2.25(b))."""
    return "fax" if channel is ChannelKind.FAX else "ehr"


@lru_cache(maxsize=1024)
def _packet(items: tuple[ItemManifest, ...], purpose: str, kind: str | None, recipient: str) -> tuple[Item, ...]:
    """What this recipient is offered: what is for somebody else is no part of the question."""
    return tuple(
        _item(number, item, purpose, kind) for number, item in enumerate(items, 1) if item.only_for in (None, recipient)
    )


def _item(number: int, item: ItemManifest, purpose: str, kind: str | None) -> Item:
    # §2.13(a): what the sender's staff stated wins over the table.
    needed = necessary.needed(purpose, item.information, kind) if item.needed is None else item.needed
    return Item(
        id=item_id(number),
        information=item.information,
        source=item.source,
        held_under=item.held_under,
        received=item.received_at,
        identifies=item.identifies,
        exempt=item.exempt,
        needed=needed,
        kept_apart=item.kept_apart,
        originator=item.originator,
        made=item.made_on,
    )


def _stated(manifest: Manifest) -> Stated | None:
    kinds = tuple(stated(manifest))
    unverified = frozenset([r.organization for r in manifest.recipients if r.identity == "unverified"])
    without_duty = frozenset([r.organization for r in manifest.recipients if not r.sud_duty])
    if not kinds and not unverified and not without_duty and manifest.against == "patient":
        return None
    facts = facts_of(manifest, kinds)
    return msgspec.structs.replace(facts, unverified=unverified, without_sud_duty=without_duty)


def _named_agreements(manifest: Manifest) -> tuple[str, ...]:
    """Agreements that a stated basis rests on (§2.11, §2.53)."""
    return tuple([form.agreement for form in (manifest.audit, manifest.qso) if form is not None])


def _relied_on(asked: Asked, world: World, discloser: str, recipient: str, operator: str | None) -> tuple[str, ...]:
    """What the sender named, and the hub's own with it; unnamed, all there are but audits, which are always named."""
    if asked.agreements:
        return asked.agreements + _agreements(world, discloser, operator)
    return _agreements(world, discloser, recipient, operator)


@lru_cache(maxsize=4096)
def _agreements(world: World, *parties: str | None) -> tuple[str, ...]:
    """All agreements but audits between these parties and any party that one of them belongs to."""
    concerned = frozenset(chain.from_iterable(world.lines.get(party, ()) for party in parties if party))
    return tuple(
        agreement.id
        for agreement in world.agreements.values()
        if agreement.holder in concerned and agreement.with_party in concerned and agreement.kind != "audit"
    )

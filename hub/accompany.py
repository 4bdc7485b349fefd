"""What accompanies a disclosure: the notice, the explanation of the consent's scope, the label that stays (§2.32,
§2.12(d)).

INVARIANT: obligations-travel. An obligation of the decision that is not understood here stops the disclosure.
"""

from datetime import date, datetime
from functools import lru_cache

from hub.decisions import DecisionRecord
from hub.errors import Unrenderable
from hub.model import Accompaniment, ConsentCopy
from hub.storage.facts import Facts
from policies import notices
from policies.model import AsWritten, Consent, Event, PersonAt, World

_MET_HERE = frozenset({"notice", "consent_copy", "proceedings_label"})
_MET_ELSEWHERE = frozenset({
    "minimum_necessary",  # the decision itself leaves out what is not needed (§2.13(a))
    "accounting",  # the disclosure row
    "verify_identity",  # only verified endpoints are used
    "emergency_record",  # recorded with the intent
    "intermediary_list",  # the disclosure row
    "agreement_on_file",  # named in the decision
    "business_associate_contract",
    "contract_2_33c",
    "no_further_use_request",
    "written_revocation",
    "breach_assessment",
    "generic_refusal",
})  # fmt: skip


def accompany(decision: DecisionRecord, facts: Facts, world: World) -> Accompaniment:
    """The accompaniment that the decision's obligations ask for. Raises `Unrenderable` for an unknown obligation."""
    due = frozenset(decision.obligations)
    if due - _MET_HERE - _MET_ELSEWHERE:
        raise Unrenderable("The decision carries an obligation that nothing here can meet.", code="obligation")
    used = [consent for consent in facts.consents if consent.id in decision.consents]
    return Accompaniment(
        notice=notices.FULL if "notice" in due else "",
        notice_short=notices.SHORT if "notice" in due else "",
        consent_copies=tuple(consent_copy(consent, world) for consent in used) if "consent_copy" in due else (),
        labels=(notices.LABEL,) if "proceedings_label" in due else (),
    )


@lru_cache(maxsize=2048)
def consent_copy(consent: Consent, world: World) -> ConsentCopy:
    """The consent's scope in words a recipient understands (§2.32(b))."""
    lines = (
        ("Who may disclose", _named(consent.discloser or (), world)),
        ("Who may receive", _recipients(consent, world)),
        ("What", _words(consent.information or ())),
        ("Why", _words(consent.purposes or ())),
        ("Until", _ending(consent.expires)),
        ("Signed on", consent.signed_on.isoformat() if consent.signed_on else ""),
        ("May be revoked", _revocation(consent)),
        ("Consent", f"{consent.id} ({consent.kind})"),
    )
    return ConsentCopy(consent=consent.id, lines=tuple(line for line in lines if line[1]))


_CLASSES = {
    "treating_programs": "the SUD programs that treat the patient",
    "treating_providers": "the patient's treating providers",
    "health_plans": "the patient's health plans",
    "third_party_payers": "the patient's third-party payers",
    "programs_within_200_miles": "withdrawal management and maintenance programs within 200 miles",
    "treating_participants": "participants that treat the patient",
    "complete_record": "the complete record, without counseling notes",
}


def _named(parties: tuple[str, ...], world: World) -> str:
    return "; ".join(
        world.parties[party].name if party in world.parties else _CLASSES.get(party, party) for party in parties
    )


def _recipients(consent: Consent, world: World) -> str:
    named = []
    for recipient in consent.recipients or ():
        if isinstance(recipient, AsWritten):
            named.append(recipient.name)
        elif isinstance(recipient, PersonAt):
            named.append(f"{_named((recipient.person,), world)} at {_named((recipient.at,), world)}")
        else:
            named.append(_named((recipient,), world))
    if consent.intermediary:
        participants = consent.participants
        members = (participants,) if isinstance(participants, str) else tuple(sorted(participants or ()))
        named.append(f"{_named((consent.intermediary,), world)}, for {_named(members, world)}")
    return "; ".join(named)


def _words(words: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(_CLASSES.get(word, word.replace("_", " ")) for word in sorted(words))


def _ending(ending: date | datetime | Event | str | None) -> str:
    if isinstance(ending, datetime):
        return ending.isoformat(timespec="minutes")
    if isinstance(ending, date):
        return f"the end of {ending.isoformat()}"
    if isinstance(ending, Event):
        return ending.name.partition("@")[0].replace("_", " ")
    return "no end date; until revoked" if ending == "none" else ""


def _revocation(consent: Consent) -> str:
    if consent.states_right_to_revoke and consent.states_how_to_revoke:
        return "in writing, at any time, except for what was done in reliance on it"
    return ""

"""Cases of the library with a few fields changed at random: questions that nobody wrote, in the words of the format.

A case is drawn from one number, so that each can be had again. Most changes keep to what is at hand (the parties of the
case, the days around its own), for a question that is wrong in ten ways at once tests little.
"""

from copy import deepcopy
from random import Random

from hub.casebook.yamltext import load_file
from policies import vocabulary as v
from tests.unit.policies.meridian import ROOT

CASES = [case for path in sorted((ROOT / "cases").glob("*.yaml")) for case in load_file(path)]
CAST = load_file(ROOT / "cast.yaml")
TEMPLATES = load_file(ROOT / "templates.yaml")
PARTIES = sorted(CAST["parties"])
CLASSES = sorted(v.CLASSES)
BASES = sorted(v.CONSENT_PURPOSES)
DAYS = ("2026-01-14", "2026-01-15", "2026-02-19", "2026-02-20", "2026-03-01", "2026-03-02", "2026-03-03", "2026-12-31")
INSTANTS = (
    "2026-01-14T09:00:00-08:00", "2026-01-20T08:00:00-08:00", "2026-02-15T10:00:00-08:00", "2026-02-20T00:00:00-08:00",
    "2026-03-02T09:59:59-08:00", "2026-03-02T10:00:00-08:00", "2026-03-02T10:00:01-08:00", "2026-03-03T02:00:00Z",
    "2026-08-14T23:59:59-07:00", "2026-08-15T00:00:00-07:00", "2027-01-01T00:00:00-08:00", "2027-07-01T00:00:00-07:00",
)  # fmt: skip
FORMS = (
    ["counseling_notes"],
    ["counseling_notes", "summary"],
    ["complete_record", "psychotherapy_notes"],
    ["any_and_all"],
)
FLAGS = (
    "states_redisclosure_rule", "states_right_to_revoke", "states_how_to_revoke", "states_redisclosure_risk",
    "states_refusal_consequences", "states_fundraising_opt_out", "patient_initiated", "written", "verified",
    "conditioned", "states_period",
)  # fmt: skip
PEOPLE = ({"person": "dr-okafor", "at": "valley-clinic"}, {"person": "dr-chen", "at": "valley-clinic"})
SERVED = {"supervision": {"condition": True, "monitors": True}, "dual_enrollment": {"trigger": "accepted", "miles": 10}}
NEEDED = {"supervision": "supervision", "dual_enrollment": "registry"}


def mutated(seed):
    """A case of the library, changed in one to six places."""
    dice = Random(seed)
    case = deepcopy(dice.choice(CASES))
    for _ in range(dice.choice((1, 1, 2, 2, 3, 4, 6))):
        dice.choice(CHANGES)(case, dice)
    if case["purpose"] in NEEDED:
        case.setdefault(NEEDED[case["purpose"]], SERVED[case["purpose"]])
    if case["purpose"] == "crime_report":
        case.setdefault("crime", "on_premises")
    return {name: value for name, value in case.items() if name != "expect"}


def party(case, dice):
    near = [name for name in (case["discloser"], case["recipient"]) if name != "the-patient"]
    return dice.choice([*near, dice.choice(PARTIES)])


def field(case, dice):
    """One field of the question itself."""
    revealing = dice.choice(sorted(v.FINDINGS))
    made = {
        "at": dice.choice(INSTANTS),
        "patient": dice.choice(sorted(CAST["patients"])),
        "discloser": dice.choice([*PARTIES, "the-patient"]),
        "recipient": dice.choice([*PARTIES, "the-patient"]),
        "purpose": dice.choice(sorted(v.PURPOSES)),
        "relationship": dice.choice(sorted(v.RELATIONSHIPS)),
        "agreements": dice.sample(sorted(CAST["agreements"]), 2),
        "events": {dice.choice(("discharge", "final_disposition")): dice.choice([*INSTANTS, "not_yet", "unknown"])},
        "by": dice.choice(sorted(v.CHANNELS)),
        "identity": dice.choice(sorted(v.IDENTITIES)),
        "attached": {"notice": dice.choice(sorted(v.NOTICES)), "consent_copy": dice.random() < 0.7},
        "sud_duty": False,
        "service": dice.choice(sorted(v.SERVICES)),
        "calaim": True,
        "demand": dice.choice(sorted(v.DEMANDS)),
        "against": dice.choice(sorted(v.ADVERSARIES)),
        "supervision": {"condition": dice.random() < 0.7, "monitors": dice.random() < 0.7},
        "registry": {"trigger": dice.choice(sorted(v.TRIGGERS)), "miles": dice.choice((0, 199, 200, 201))},
        "findings": sorted({revealing, dice.choice(sorted(v.FINDINGS))}),
        "crime": dice.choice(sorted(v.CRIMES)),
    }
    name = dice.choice(list(made))
    case[name] = made[name]


def circumstance(case, dice):
    """An emergency, an order, a restriction."""
    emergency = {
        "kind": dice.choice(sorted(v.EMERGENCY_KINDS)),
        "determined_by": dice.choice(sorted(v.DETERMINED_BY)),
        "consent": dice.choice(sorted(v.OBTAINABLE)),
    }
    order = {
        "holder": dice.choice(("the-discloser", party(case, dice))),
        "recipients": [dice.choice(("the-recipient", party(case, dice)))],
        "information": dice.choice((["complete_record"], ["counseling_notes"], dice.sample(CLASSES, 3))),
        "finding": dice.choice(sorted(v.ORDER_FINDINGS)),
        "expires": dice.choice(INSTANTS),
    }
    limit = {
        "against": [party(case, dice)],
        "information": [dice.choice([*CLASSES, "complete_record"])],
        "agreed": dice.random() < 0.5,
        "paid_in_full": dice.random() < 0.5,
        "ended": dice.choice(INSTANTS),
        "ended_by": dice.choice(sorted(v.ENDERS)),
    }
    what, made = dice.choice((("emergency", emergency), ("order", order), ("restrictions", limit)))
    some = {name: value for name, value in made.items() if dice.random() < 0.4}
    if what == "order":
        some["section"] = dice.choice(sorted(v.ORDER_SECTIONS))
    case[what] = [some] if what == "restrictions" else some


def item(case, dice):
    """One field of an item, or one more item."""
    packet = case.setdefault("packet", {"record": {}})
    if dice.random() < 0.3:
        packet["more"] = {}
    name = dice.choice(sorted(packet))
    held = sorted(case.get("consents", ())) * 3 + sorted(v.HOLDINGS)
    made = {
        "source": dice.choice(("unknown", "harbor", "lantern", "willow", "va-clinic", "quiet-lake", party(case, dice))),
        "information": dice.choice([*CLASSES, "counseling_notes", "mental_health", "psychotherapy_notes"]),
        "held_under": dice.choice(held),
        "received": dice.choice(INSTANTS),
        "identifies": dice.choice(sorted(v.IDENTIFYING)),
        "exempt": dice.choice(sorted(v.EXEMPTIONS)),
        "needed": False,
        "kept_apart": False,
        "originator": party(case, dice),
        "made": dice.choice(DAYS),
    }
    changed = dice.choice(sorted(made))
    packet[name] = {**(packet[name] or {}), changed: made[changed]}
    packet[name].setdefault("held_under", dice.choice(held))


def form(case, dice):
    """One field of a consent, or one more consent."""
    consents = case.setdefault("consents", {})
    if not consents or dice.random() < 0.15:
        consents["another"] = {"like": dice.choice(sorted(TEMPLATES))}
    changed = consents[dice.choice(sorted(consents))]
    patient = CAST["patients"][case.get("patient", "ana")]
    around = [patient.get("representative", "carl-wife"), *patient.get("parents", ()), *patient.get("agents", ())]
    revoked = {"at": dice.choice(INSTANTS), "how": dice.choice(sorted(v.REVOCATIONS)), "as_to": [party(case, dice)]}
    if dice.random() < 0.5:
        del revoked["as_to"]
    made = {
        "kind": dice.choice(sorted(v.CONSENT_KINDS - {"intermediary"})),
        "patient": dice.choice((None, "ana", "ana-two", "the-patient")),
        "discloser": dice.choice((None, [], ["treating_programs"], ["the-discloser"], [party(case, dice)])),
        "information": dice.choice((None, [], ["complete_record"], [dice.choice(CLASSES)], dice.choice(FORMS))),
        "recipients": dice.choice((None, [], sorted(v.RECIPIENT_CLASSES), [dice.choice(sorted(v.RECIPIENT_CLASSES))],
                                   [party(case, dice)], [{"as_written": "Hope Clinic"}], [dice.choice(PEOPLE)])),
        "purposes": dice.choice((None, [], sorted(v.BASE_PURPOSES), ["at_patient_request"], [dice.choice(BASES)],
                                 ["civil_proceeding", "treatment"], [v.BASE_OF.get(case["purpose"], case["purpose"])])),
        "expires": dice.choice((None, "none", dice.choice(DAYS), dice.choice(INSTANTS), {"event": "discharge"})),
        "signed_by": dice.choice((None, ["the-patient"], ["the-director"], [dice.choice(around)],
                                  ["the-patient", dice.choice(around)], [party(case, dice)])),
        "signature": dice.choice((None, *sorted(v.SIGNATURES))),
        "signed_on": dice.choice((None, *DAYS)),
        "signed_at": dice.choice(INSTANTS),
        "participants": dice.choice((None, "treating_participants", "all_participants", [party(case, dice)])),
        "revoked": [revoked],
        "onward": [party(case, dice)],
        "revocable_from": dice.choice(({"event": "final_disposition"}, "after_final_disposition", dice.choice(DAYS))),
        "form": "ascmi_ab133",
        **{flag: dice.random() < 0.5 for flag in FLAGS},
    }  # fmt: skip
    name = dice.choice(sorted(made))
    if not (name == "kind" and ("intermediary" in changed or changed["like"] == "intermediary")):
        changed[name] = made[name]


CHANGES = (field, field, field, circumstance, item, item, form, form, form)

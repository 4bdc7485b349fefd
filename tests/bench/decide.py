"""P3: one decision, 8 items against 5 consents, with reasons, against cedarpy and pycasbin in the same run.

Equal work, and the answers are asserted equal: for each item the consent that lets it go, and for an item that stays
every reason why no consent does. A consent is in force, of this patient, and names discloser, recipient, purpose and
class; nothing leaves without identity, need, notice and copy. The others answer in two steps: all items, then why of
those that stay, one rule for each consent and reason; neither lists in one step why something is not permitted.

What may be prepared beforehand is, on every side: here the form of each consent, the items and the parties are read
once; cedarpy at its best has its policies and entities parsed and answers in batches; pycasbin keeps its enforcers.
"Per member" parses that member's policies for each request, as a hub with many members must. The engine, besides,
has tested every element of each form, asks all other rules, and adds laws and obligations.

    python -m tests.bench.decide     what this process found, in the form that it runs in, as one JSON line
"""

import json
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import casbin
import cedarpy

from hub.casebook import read_library
from policies.kernel import decide
from policies.model import Consent, Item, Request, Revocation
from policies.part2.form import Form
from policies.world import World
from tests.bench.forms import forms
from tests.bench.table import Line

ROUNDS = 41
TURN_S = 0.01
"""How long each side's turn is in a round: what a turn must first bring back into the processor's caches weighs on
all alike."""
CLASSES = ("summary", "medications", "attendance", "tests", "assessment", "treatment_plan", "billing", "mental_health")
GOALS = {"cedarpy at its best": 40, "cedarpy per member": 100, "pycasbin": 100}
OURS = "policies.decide"
PERMIT = """@id("{consent}")
permit (principal, action == Action::"{purpose}", resource) when {{ {all} }};
"""
FAULT = """@id("{code}")
forbid (principal, action == Action::"why", resource) when {{ !({check}) }};
"""
STOPS = """
forbid (principal, action == Action::"{purpose}", resource) unless {{ context.verified }};
forbid (principal, action == Action::"{purpose}", resource) unless {{ resource.needed }};
forbid (principal, action == Action::"{purpose}", resource)
unless {{ ["full", "short"].contains(context.notice) && context.consent_copy }};
"""
CASBIN = """
[request_definition]
r = patient, discloser, recipient, purpose, information, at, ready
[policy_definition]
p = name, patient, disclosers, recipients, purposes, classes, signed, end, revoked, eft
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {matcher}
"""
MATCHES = {
    "consent.revoked": "r.at < number(p.revoked)",
    "consent.expired": "r.at < number(p.end)",
    "consent.false": "r.at >= number(p.signed)",
    "scope.patient": "r.patient == p.patient",
    "scope.discloser": "holds(r.discloser, p.disclosers)",
    "scope.recipient": "holds(r.recipient, p.recipients)",
    "scope.purpose": "holds(r.purpose, p.purposes)",
    "scope.information": "holds(r.information, p.classes)",
}
STAYS = ("consent.expired", "consent.revoked", "scope.discloser", "scope.information")
NEVER = 4_102_444_800


def request() -> Request:
    """Five consents on file: ended, revoked, another program's, a narrow one, and a good one for all but one class."""
    cases = {c.name: c for cases in read_library(Path("tests/cases")).values() for c in cases}
    asked = cases["expiry-none-is-good-in-a-tpo-consent"].request
    tpo = replace(asked.consents[0], recipients=("valley-clinic", "sunrise"), expires=date(2026, 12, 31))
    consents = (
        replace(tpo, id="ended", expires=date(2026, 2, 1)),
        replace(tpo, id="revoked", revoked=(Revocation(datetime(2026, 2, 1, tzinfo=UTC)),)),
        replace(tpo, id="elsewhere", discloser=("lantern",)),
        replace(tpo, id="narrow", kind="specific", information=frozenset({"medications", "attendance"})),
        replace(tpo, id="good", information=frozenset(CLASSES) - {"mental_health"}),
    )
    return replace(asked, packet=tuple(Item(cls, information=cls) for cls in CLASSES), consents=consents)


Answer = dict[str, str | frozenset[str]]
"""Item -> the consent that lets it go, or why it stays."""


def ours(asked: Request) -> Answer:
    return {each.item: each.consent or frozenset(each.reasons) for each in decide(asked).items}


class Cedar:
    """The same consents as Cedar policies: one that permits for each consent, and one for each fault it may have."""

    def __init__(self, asked: Request) -> None:
        self.names = [item.id for item in asked.packet]
        self.order = {consent.id: number for number, consent in enumerate(asked.consents)}
        self.text = "".join(cedar_policies(consent, asked) for consent in asked.consents)
        self.text += STOPS.format(purpose=asked.purpose)
        self.policies = cedarpy.PolicySet.from_str(self.text)
        self.entities = cedarpy.Entities.from_json_str(cedar_entities(asked))
        context = {
            "at": int(asked.at.timestamp()),
            "patient": asked.patient.id,
            "discloser": asked.discloser,
            "purpose": asked.purpose,
            "verified": asked.identity == "verified",
            "notice": asked.notice,
            "consent_copy": asked.consent_copy,
        }
        self.requests = [
            {
                "principal": f'Party::"{asked.recipient}"',
                "action": f'Action::"{asked.purpose}"',
                "resource": f'Item::"{item.id}"',
                "context": context,
            }
            for item in asked.packet
        ]
        self.why = {name: {**r, "action": 'Action::"why"'} for name, r in zip(self.names, self.requests, strict=True)}

    def at_its_best(self) -> Answer:
        return self.answer(self.policies)

    def per_member(self) -> Answer:
        return self.answer(cedarpy.PolicySet.from_str(self.text))

    def answer(self, policies: cedarpy.PolicySet) -> Answer:
        found: Answer = {}
        results = cedarpy.is_authorized_batch(self.requests, policies, self.entities)
        for name, result in zip(self.names, results, strict=True):
            said = result.diagnostics.id_annotations_by_reason.values()
            found[name] = min(said, key=self.order.__getitem__) if result.allowed else frozenset()
        staying = [name for name, said in found.items() if not isinstance(said, str)]
        if staying:
            results = cedarpy.is_authorized_batch([self.why[name] for name in staying], policies, self.entities)
            for name, result in zip(staying, results, strict=True):
                found[name] = frozenset(result.diagnostics.id_annotations_by_reason.values())
        return found


def instants(consent: Consent, world: World) -> tuple[int, int, int]:
    """Seconds: signed, ended, revoked."""
    form = Form(consent, world)
    revoked = min((int(r.at.timestamp()) for r in consent.revoked), default=NEVER)
    signed = int(form.signed_from.timestamp()) if form.signed_from else NEVER
    return signed, (int(form.end.timestamp()) if form.end else NEVER), revoked


def cedar_policies(consent: Consent, asked: Request) -> str:
    form = Form(consent, asked.world)
    signed, end, revoked = instants(consent, asked.world)

    def listed(names: Iterable[str], of: str = "") -> str:
        return ", ".join(f'{of}"{name}"' for name in sorted(names))

    checks = {
        "consent.revoked": f"context.at < {revoked}",
        "consent.expired": f"context.at < {end}",
        "consent.false": f"context.at >= {signed}",
        "scope.patient": f'context.patient == "{consent.patient}"',
        "scope.discloser": f"[{listed(form.disclosers)}].contains(context.discloser)",
        "scope.recipient": f"principal in [{listed(form.parties, 'Party::')}]",
        "scope.purpose": f"[{listed(form.purposes)}].contains(context.purpose)",
        "scope.information": f"[{listed(form.listed)}].contains(resource.information)",
    }
    permit = PERMIT.format(consent=consent.id, purpose=asked.purpose, all=" && ".join(checks.values()))
    return permit + "".join(FAULT.format(code=code, check=check) for code, check in checks.items())


def cedar_entities(asked: Request) -> str:
    line = asked.world.lines[asked.recipient] - {asked.recipient}
    parties = [
        {
            "uid": {"type": "Party", "id": asked.recipient},
            "attrs": {},
            "parents": [{"type": "Party", "id": party} for party in line],
        }
    ]
    items = [
        {
            "uid": {"type": "Item", "id": item.id},
            "attrs": {"information": item.information, "needed": item.needed},
            "parents": [],
        }
        for item in asked.packet
    ]
    return json.dumps([*parties, *items])


class Casbin:
    """The same consents as casbin policies: an enforcer that permits, and one for each fault a consent may have."""

    def __init__(self, asked: Request) -> None:
        self.permits = enforcer(" && ".join(["r.ready", *MATCHES.values()]), asked)
        self.faults = {code: enforcer(f"!({check})", asked) for code, check in MATCHES.items()}
        at = int(asked.at.timestamp())
        ready = asked.identity == "verified" and asked.notice in {"full", "short"} and asked.consent_copy
        who = (asked.patient.id, asked.discloser, asked.recipient, asked.purpose)
        self.asks = {i.id: (*who, i.information, at, ready and i.needed) for i in asked.packet}

    def answer(self) -> Answer:
        found: Answer = {}
        for name, ask in self.asks.items():
            allowed, said = self.permits.enforce_ex(*ask)
            found[name] = said[0] if allowed else self.why(ask)
        return found

    def why(self, ask: tuple[object, ...]) -> frozenset[str]:
        return frozenset(code for code, faulty in self.faults.items() if faulty.enforce(*ask))


def enforcer(matcher: str, asked: Request) -> casbin.Enforcer:
    model = casbin.Model()
    model.load_model_from_text(CASBIN.format(matcher=matcher))
    made = casbin.Enforcer(model)
    made.add_function("holds", lambda one, many: one in many.split("|"))
    made.add_function("number", int)
    for consent in asked.consents:
        form = Form(consent, asked.world)
        lists = ("|".join(sorted(names)) for names in (form.disclosers, form.parties, form.purposes, form.listed))
        times = (str(instant) for instant in instants(consent, asked.world))
        made.add_policy(consent.id, consent.patient, *lists, *times, "allow")
    return made


class Side:
    """One side of the bench; it answers as often as fits its turn. Processor time counts: neighbours have their own."""

    def __init__(self, answer: Callable[[], object]) -> None:
        self.timer = timeit.Timer(answer, timer=time.process_time)
        self.times = max(1, round(TURN_S / (self.timer.timeit(20) / 20)))

    def turn(self) -> float:
        """Microseconds a decision."""
        return self.timer.timeit(self.times) / self.times * 1e6


def measure() -> dict[str, list[float]]:
    """Microseconds a decision of each side, round by round."""
    asked = request()
    cedar, rbac = Cedar(asked), Casbin(asked)
    expected = ours(asked)
    assert expected["mental_health"] == frozenset(STAYS)
    assert (
        len([consent for consent in expected.values() if consent == "good"]) == 5
    )  # two rest on the narrow one, one stays
    assert expected == cedar.at_its_best() == cedar.per_member() == rbac.answer()
    sides = {
        OURS: Side(lambda: ours(asked)),
        "cedarpy at its best": Side(cedar.at_its_best),
        "cedarpy per member": Side(cedar.per_member),
        "pycasbin": Side(rbac.answer),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            found[name].append(side.turn())
    return found


def lines() -> Iterator[Line]:
    """Each form against all others, in a process of its own. A ratio is taken within a round, for the machine's speed
    drifts between rounds; the tenth of the rounds at either end is left out.
    """
    for form in forms():
        command = [sys.executable, "-m", "tests.bench.decide"]
        ran = subprocess.run(command, env=form.environ, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(ran.stdout)
        for name, goal in GOALS.items():
            ratios = sorted(theirs / ours for theirs, ours in zip(found[name], found[OURS], strict=True))
            detail = f"{statistics.median(found[OURS]):.1f} us against {statistics.median(found[name]):.0f}"
            inner = ratios[ROUNDS // 10 : -(ROUNDS // 10)]
            yield Line("P3", f"a decision, {form.name}: {name}", inner, goal, unit="times", detail=detail)


if __name__ == "__main__":
    print(json.dumps(measure()))

"""FORMAT.md sections 2, 3, 6 and 7 read a second time, as text: cases in, outcome out; nothing of `policies/` is used.

Written from the format alone, to be compared with the engine on cases that nobody wrote. It reads the YAML values as
they stand, gives every reason it finds, and is in no hurry. Where the format leaves room it takes the safe side, as
`policies/part2/TABLE.md` says under E2 to E11.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BASE = {
    "referral": "treatment", "consultation": "treatment", "scheduling": "treatment", "claim": "payment",
    "prior_authorization": "payment", "quality_review": "operations", "care_management": "operations",
}  # fmt: skip
TPO = {"treatment", "payment", "operations"}
CIVIL = {"civil_proceeding", "administrative_proceeding", "legislative_proceeding"}
CRIMINAL = {"criminal_proceeding", "law_enforcement"}
PROCEEDINGS = CIVIL | CRIMINAL
CLASSES = {"treating_providers", "health_plans", "third_party_payers", "programs_within_200_miles"}
APART = {"counseling_notes", "psychotherapy_notes"}
QSO_SERVICES = {
    "data_processing", "billing", "laboratory", "legal", "accounting", "population_health", "staffing",
    "child_abuse_prevention",
}  # fmt: skip
AUTHORITY = {
    "public_health": "public_health_authority", "child_abuse_report": "child_abuse_authority",
    "adult_abuse_report": "adult_protective_services", "audit": "oversight_agency", "cause_of_death": "coroner",
    "threat_warning": "law_enforcement",
}  # fmt: skip


@dataclass
class Found:
    """What becomes of one item: why it stays (empty: it goes), whether a person must look, what is due."""

    reasons: set = field(default_factory=set)
    waits: bool = False
    due: set = field(default_factory=set)


def instant(text):
    return datetime.fromisoformat(text)


def year_later(born, years):
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


class Reading:
    """One case of a library: its cast, its templates, and the reasons that make a person look."""

    def __init__(self, case, cast, templates, marked):
        self.case, self.parties, self.marked = case, cast["parties"], marked
        self.zone = ZoneInfo(cast["zone"])
        self.patient_id = case.get("patient", "ana")
        self.patient = cast["patients"][self.patient_id]
        self.at = instant(case["at"])
        self.today = self.day(self.at)
        self.discloser, self.recipient = case["discloser"], case["recipient"]
        self.acts_for = self.program(self.discloser)
        self.base = BASE.get(case["purpose"], case["purpose"])
        self.to = self.line(self.recipient)
        self.roles = self.roles_of(self.recipient)
        treating = self.to & set(self.patient.get("treating_providers", ()))
        self.relationship = case.get("relationship", "treating" if treating else "none")
        self.treats = self.relationship in {"treating", "accepted"}
        self.named = [cast["agreements"][name] for name in case.get("agreements", ())]
        self.in_force = [each for each in self.named if "until" not in each or self.today <= self.date(each["until"])]
        self.consents = {
            name: templates[form["like"]] | {key: value for key, value in form.items() if key != "like"}
            for name, form in case.get("consents", {}).items()
        }
        self.emergency = case.get("emergency")
        self.findings = set(case.get("findings", ()))

    # -- days, parties ---------------------------------------------------------------------------------------

    def day(self, moment):
        return moment.astimezone(self.zone).date()

    @staticmethod
    def date(text):
        return date.fromisoformat(text)

    def midnight(self, day):
        return datetime.combine(day, time(), self.zone)

    def line(self, party):
        found = set()
        while party is not None:
            found.add(party)
            party = self.parties.get(party, {}).get("part_of")
        return found

    def roles_of(self, party):
        return {role for each in self.line(party) for role in self.parties.get(each, {}).get("roles", ())}

    def program(self, party):
        """The program that a party is, or whose staff or part it is without a function of its own."""
        while party in self.parties and "sud_program" not in self.parties[party]:
            party = self.parties[party].get("part_of")
        return party if self.is_program(party) else None

    def is_program(self, party):
        known = self.parties.get(party, {})
        counts = known.get("sud_program") in {"holds_out", "identified_unit", "primary_function", "unknown"}
        return counts and known.get("federal_assistance", True)

    def covered(self, party):
        return bool(self.roles_of(party) & {"covered_entity", "business_associate"})

    def who(self, name):
        return {"the-discloser": self.discloser, "the-recipient": self.recipient}.get(name, name)

    def reaches(self, names, party):
        """Whether the party belongs to one of those named."""
        return any(self.who(name) in self.line(party) for name in names)

    def age(self, on):
        born = self.date(self.patient["born"])
        return sum(year_later(born, years) <= on for years in range(1, 19))

    def agreement(self, kinds, holder, partner, among=None):
        pool = self.in_force if among is None else among
        return [a for a in pool if a["kind"] in kinds and a["holder"] in holder and a["with"] in partner]

    @property
    def to_patient(self):
        return self.recipient == "the-patient"

    @property
    def died(self):
        return "died" in self.patient and self.date(self.patient["died"]) <= self.today

    # -- the packet (sections 2, 6.1, 6.5) ----------------------------------------------------------------------

    def decide(self):
        """Outcome, hold, item -> reasons, obligations."""
        packet = {name: dict(item or {}) for name, item in self.case.get("packet", {"record": {}}).items()}
        for item in packet.values():
            self.classify(item)
        if self.discloser == "the-patient":
            return "not_applicable", False, {}, set()
        sources = [item["source"] for item in packet.values()]
        if all(source != "unknown" and "veterans_care" in self.roles_of(source) for source in sources):
            return "not_applicable", True, {}, set()
        found = {name: self.item(item) for name, item in packet.items()}
        stays = {name: each.reasons for name, each in found.items() if each.reasons}
        due = set().union(*(each.due for each in found.values()))
        outcome = "permit" if not stays else "deny" if len(stays) == len(packet) else "partial"
        hold = any(each.waits or each.reasons & self.marked for each in found.values())
        return outcome, hold, stays, due | ({"generic_refusal"} if outcome == "deny" else set())

    def classify(self, item):
        item["source"] = self.who(item.get("source", self.discloser))
        item.setdefault("information", "summary")
        program = self.acts_for is not None
        shows = item.get("identifies", "sud_patient")
        if item["source"] == "unknown":
            item["what"] = "unclassified"
        elif shows == "nobody":
            item["what"] = "free"
        elif shows == "sud_patient" and "exempt" not in item and (program or self.program(item["source"])):
            item["what"] = "record"
        else:
            item["what"] = "other"
        if item["information"] == "counseling_notes" and not item.get("kept_apart", True):
            item["information"] = "summary"
        record = item["what"] == "record"
        item["note"] = record and item["information"] == "counseling_notes"
        held = item.get("held_under")
        maker = self.program(item["source"])
        item["own"] = record and program and (maker == self.acts_for or held in {"ordinary", "patient"})
        line = self.line(self.discloser)
        served = {item["source"], maker} if maker else self.line(item["source"])
        stands_in = record and not item["own"] and held == "qsoa"
        serving = self.agreement({"qsoa", "baa"}, served, line) if stands_in else []
        agreed = [each for each in serving if each["service"] in QSO_SERVICES]
        item["serves_otherwise"] = bool(serving) and not agreed
        item["served"] = agreed[0]["holder"] if agreed else None
        item["own"] = item["own"] or bool(agreed)

    def item(self, item):
        if item["what"] == "unclassified":
            return Found({"unclassified"})
        if item["what"] == "free":
            return Found()
        return self.record(item) if item["what"] == "record" else self.other(item)

    # -- a record: bases (6.2), stops (6.3), obligations (10) -------------------------------------------------------

    def record(self, item):
        found, bases = Found(), []
        for basis in (
            self.within, self.to_qso, self.by_consent, self.redisclosed, self.own_access, self.in_emergency,
            self.by_exception, self.by_order,
        ):  # fmt: skip
            basis(item, bases, found)
        rests = bases[0] if bases else None
        stops = self.stops(item, rests)
        if rests is None:
            found.reasons |= self.no_basis(item) | stops
        else:
            found.reasons = stops
        if found.reasons:
            found.due &= {"written_revocation"} if rests is None else set()
            if found.reasons & {"consent.not_prior", "redisclosure.not_lawful_holder"}:
                found.due.add("breach_assessment")
        else:
            found.due = self.obligations(item, rests)
            found.waits = rests["waits"]
        return found

    @staticmethod
    def rest(kind, form=None, *, waits=False, **more):
        return {"kind": kind, "form": form, "waits": waits, **more}

    def within(self, _item, bases, found):
        controls = self.parties.get(self.acts_for, {}).get("controlled_by")
        inside = self.acts_for in self.to or controls == self.recipient
        if self.acts_for and inside:
            if self.case.get("sud_duty", True):
                bases.append(self.rest("within"))
            else:
                found.reasons.add("scope.no_sud_duty")

    def to_qso(self, item, bases, found):
        kinds = {"qsoa", "baa"}
        partner = any(a["kind"] in kinds and a["with"] in self.to for a in self.named)
        if self.acts_for and (partner or "business_associate" in self.roles):
            serving = self.agreement(kinds, {self.discloser, self.acts_for}, self.to)
            good = [a for a in serving if a.get("service") in QSO_SERVICES]
            if good:
                bases.append(self.rest("qso", legal=any(a["service"] == "legal" for a in good)))
            else:
                found.reasons.add("qso.scope" if serving else "qso.no_agreement")
        if item["served"] in self.to:
            bases.append(self.rest("qso", legal=False))

    def by_consent(self, item, bases, found):
        """Section 3: each consent alone; the one it is held under only if it lists the discloser."""
        tested = {
            name: form
            for name, form in self.consents.items()
            if item["own"] or name != item.get("held_under") or self.lists_discloser(form, self.discloser)
        }
        carrying = []
        for form in tested.values():
            reasons = self.consent(form, item)
            if not reasons:
                carrying.append(form)
            found.reasons |= reasons
            if reasons & {"consent.revoked", "consent.reliance"} and self.only_oral(form, item):
                found.due.add("written_revocation")
        if carrying:
            form = min(carrying, key=self.waits)
            bases.append(self.rest("consent", form, waits=self.waits(form)))
        elif not self.consents and item["own"]:
            found.reasons.add("consent.none")

    @staticmethod
    def waits(form):
        listed = form["information"] or []
        return form["kind"] == "proceeding" or ("counseling_notes" in listed and len(listed) > 1)

    def own_access(self, _item, bases, _found):
        if self.to_patient and self.base in {"patient_access", "list_of_disclosures"}:
            bases.append(self.rest("patient"))

    def in_emergency(self, _item, bases, found):
        claimed = self.emergency
        if claimed is None:
            return
        kind = claimed.get("kind", "medical")
        wanted = "fda_medical" if kind == "product_error" else "medical_personnel"
        faults = {
            "emergency.not_medical_personnel": wanted not in self.roles,
            "emergency.not_determined": claimed.get("determined_by", "clinician") != "clinician",
            "emergency.consent_obtainable": claimed.get("consent", "unobtainable") != "unobtainable",
            "emergency.over": kind == "disaster_over",
        }
        reasons = {code for code, fault in faults.items() if fault}
        found.reasons |= reasons
        if not reasons:
            bases.append(self.rest("emergency"))

    def by_exception(self, item, bases, found):
        """The bases marked as for own records only."""
        if not item["own"]:
            return
        cls = item["information"]
        crime = self.case.get("crime")
        holders = {item["served"]} if item["served"] else {self.discloser, self.acts_for}
        audits = [a for a in self.agreement({"audit"}, holders, self.to) if a.get("copies") or self.by == "on_site"]
        rows = {
            "child_abuse_report": ("child_abuse_authority" in self.roles and cls == "abuse_report",
                                   "child_abuse.original_record"),
            "crime_report": ("law_enforcement" in self.roles and cls == "incident" and crime != "elsewhere",
                             "report.no_exception" if crime == "elsewhere" else "crime.beyond_incident"),
            "cause_of_death": ("coroner" in self.roles and cls == "cause_of_death" and self.died, "death.beyond_cause"),
            "research": ("researcher" in self.roles and "research_requirements_met" in self.findings,
                         "research.no_determination"),
            "audit": (bool(self.roles & {"oversight_agency", "health_plan"}) and bool(audits), "audit.no_agreement"),
        }  # fmt: skip
        if self.base in rows:
            carried, otherwise = rows[self.base]
            if carried:
                bases.append(self.rest(self.base, waits=self.base == "research"))
            else:
                found.reasons.add(otherwise)
        if self.base == "hhs_compliance" and "hhs" in self.roles:
            bases.append(self.rest("hhs"))
        threat = {"lacks_capacity", "substantial_threat"} <= self.findings and cls == "threat_facts"
        if threat and self.recipient in self.patient.get("parents", ()) and self.age(self.today) < 18:
            bases.append(self.rest("safety"))

    @property
    def by(self):
        return self.case.get("by", "ehr")

    def order(self, item):
        """Whether the order fits, is in scope, and has a finding."""
        order = self.case.get("order")
        if order is None:
            return False, False, False
        against, section = self.case.get("against", "patient"), order["section"]
        fits = {
            "2.64": self.base in CIVIL,
            "2.65": self.base in CRIMINAL and against == "patient",
            "2.66": self.base in PROCEEDINGS and against == "program",
        }.get(section, False)
        holder = self.who(order.get("holder", self.discloser))
        scope = (
            holder in {*self.line(self.discloser), item.get("served")}
            and self.reaches(order.get("recipients", [self.recipient]), self.recipient)
            and self.listed(order.get("information", ["complete_record"]), item["information"])
            and not ("expires" in order and self.at >= instant(order["expires"]))
            and item.get("held_under") not in {"audit", "research"}
        )
        return fits, scope, "finding" in order

    @staticmethod
    def listed(names, cls):
        return cls in names or ("complete_record" in names and cls not in APART)

    def by_order(self, item, bases, found):
        if "order" not in self.case:
            return
        fits, scope, _ = self.order(item)
        if fits and scope:
            bases.append(self.rest("order", waits=True))
        found.reasons |= set() if fits else {"proceeding.wrong_order"}
        found.reasons |= set() if scope else {"proceeding.order_scope"}

    def no_basis(self, item):
        demand = self.case.get("demand")
        signers = {who for form in self.consents.values() for who in form["signed_by"] or ()}
        minor = self.age(self.today) < 18 and not self.died and not signers & {"the-patient", self.patient_id}
        health = "public_health_authority" in self.roles
        pending = item.get("held_under") == "qsoa"
        rows = {
            "report.no_exception": self.base in {"adult_abuse_report", "threat_warning"},
            "public_health.identified": self.base == "public_health",
            "public_health.not_authority": self.base == "public_health" and not health,
            "pdmp.consent": self.base == "pdmp_report",
            "presence.acknowledgment": self.base == "presence_inquiry",
            "closing.no_consent": self.base == "program_transfer",
            "proceeding.subpoena_only": demand is not None and "subpoena" in demand,
            "proceeding.warrant_only": demand is not None and "warrant" in demand,
            "death.representative": self.died and self.patient.get("representative") not in signers,
            "minor.consent": minor,
            "minor.payment": minor and self.base == "payment",
            "qso.third_party": item["served"] is not None,
            "qso.no_agreement": pending and not item["own"] and not item["serves_otherwise"],
            "qso.scope": pending and not item["own"] and item["serves_otherwise"],
        }
        return {code for code, found in rows.items() if found}

    def bar(self):
        elsewhere = self.base in PROCEEDINGS and self.case.get("against", "patient") != "patient"
        return "proceeding.unclear" if elsewhere else "proceeding.barred"

    def stops(self, item, rests):
        kind = rests and rests["kind"]
        form = (rests and rests["form"]) or {"kind": None}
        found = self.stops_of_all(item)
        if item["note"] and not self.notes_go(item, rests):
            fits, scope, _ = self.order(item)
            if fits and scope:
                found.add("proceeding.confidential_communication")
            else:
                found.add("notes.separate_consent" if self.emergency is None else "notes.emergency")
        from_program = self.acts_for or item["served"] is not None
        supervision = self.base == "supervision" and not from_program
        lifting = "criminal_justice" if supervision else "proceeding"
        fits, scope, _ = self.order(item)
        if (self.base in PROCEEDINGS or supervision) and form["kind"] != lifting and not (fits and scope):
            found.add(self.bar())
        found |= self.restricted(item) if not self.gives_way else set()
        attached = self.case.get("attached", {})
        if kind == "consent":
            notice = {"none": {"notice.missing"}, "obsolete": {"notice.obsolete"}}
            found |= notice.get(attached.get("notice"), set())
            found |= set() if attached.get("consent_copy", True) else {"notice.consent_copy"}
        return found

    def stops_of_all(self, item):
        """Identity, need, and who transports: for whatever identifies a person."""
        through = self.case.get("through")
        spared = item["what"] == "other" and self.base == "treatment"
        served = {self.discloser, self.acts_for} if self.acts_for else self.line(self.discloser)
        rows = {
            "identity.unverified": self.case.get("identity") == "unverified",
            "scope.not_needed": not item.get("needed", True) and not spared and not self.to_patient,
            "qso.no_agreement": through is not None and not self.agreement({"qsoa", "baa"}, served, self.line(through)),
        }
        return {code for code, found in rows.items() if found}

    def notes_go(self, item, rests):
        kind = rests and rests["kind"]
        if kind == "consent":
            return rests["form"]["kind"] == "counseling_notes" or all(self.order(item))
        if kind == "within":
            originator = self.base == "treatment" and item.get("originator") == self.recipient
            return originator or self.base == "training" or all(self.order(item))
        against = self.case.get("against", "patient")
        defence = kind == "qso" and rests["legal"] and self.base == "legal_advice" and against == "brought_by_patient"
        return defence or all(self.order(item))

    def restricted(self, item):
        found = set()
        for limit in self.case.get("restrictions", ()) if self.base in TPO else ():
            listed = limit.get("information", ["complete_record"])
            covers = "complete_record" in listed or item["information"] in listed
            if not covers or not self.reaches(limit.get("against", [self.recipient]), self.recipient):
                continue
            paid = limit.get("paid_in_full", False) and "health_plan" in self.roles
            if self.ended(limit, item, paid=paid):
                continue
            found |= {"restriction.agreed"} if limit.get("agreed", True) else set()
            found |= {"restriction.paid_in_full"} if paid and self.base != "treatment" else set()
        return found

    def ended(self, limit, item, *, paid):
        if "ended" not in limit or instant(limit["ended"]) > self.at:
            return False
        if limit.get("ended_by", "patient") == "patient":
            return True
        later = "made" in item and self.date(item["made"]) >= self.day(instant(limit["ended"]))
        return later and not paid

    @property
    def gives_way(self):
        claimed = {"kind": "none"} if self.emergency is None else self.emergency
        clinical = claimed.get("determined_by", "clinician") == "clinician"
        kinds = {"medical", "disaster"}
        treats = self.base == "treatment" and "medical_personnel" in self.roles
        return clinical and claimed.get("kind", "medical") in kinds and treats

    def obligations(self, item, rests):
        kind, form = rests["kind"], rests["form"]
        consented = kind == "consent"
        from_program = self.acts_for or item["served"] is not None
        accountable = consented and from_program and (self.base not in TPO or self.by == "ehr")
        rows = {
            "notice": consented or kind == "contract",
            "consent_copy": consented,
            "minimum_necessary": not self.to_patient,
            "accounting": accountable,
            "proceedings_label": kind not in {"within", "qso"},
            "verify_identity": kind != "within",
            "emergency_record": kind == "emergency",
            "no_further_use_request": self.gives_way and bool(self.restricted(item)),
            "intermediary_list": consented and rests.get("lists", False),
            "business_associate_contract": rests.get("contract", False),
            "contract_2_33c": kind == "contract",
            "agreement_on_file": kind in {"qso", "audit"},
        }
        assert form is None or consented
        return {code for code, due in rows.items() if due}

    # -- a consent (section 3) -------------------------------------------------------------------------------------

    def consent(self, form, item, *, holder=False, reach=None):
        """Why the consent does not carry the item. `holder`: as if it listed the discloser."""
        record = item["what"] == "record"
        if not form.get("written", True):
            return {"consent.unwritten"}
        if form["kind"] == "general" and record:
            return {"consent.general"}
        found = self.face(form) | self.signer(form) | self.truth_and_time(form, item, holder=holder)
        found |= self.kind_of_form(form, item) | (self.unreached(form) if reach is None else reach(form))
        purposes, listed = form["purposes"] or [], form["information"] or []
        other = form["patient"] not in {None, "the-patient", self.patient_id}
        found |= {"scope.patient"} if other else set()
        if not holder and not self.lists_discloser(form, item.get("served") or self.discloser):
            found.add("scope.discloser")
        found |= set() if self.serves(form, purposes) else {"scope.purpose"}
        anything = "any_and_all" in listed
        notes_form = form["kind"] == "counseling_notes" and not item["note"]
        if notes_form or not (anything or self.listed(listed, item["information"])):
            found.add("scope.information")
        return found

    def lists_discloser(self, form, party):
        listed = form["discloser"] or []
        programs = {name for name in self.patient.get("programs", ()) if self.is_program(name)}
        return self.reaches(listed, party) or ("treating_programs" in listed and bool(programs & self.line(party)))

    def serves(self, form, purposes):
        if "at_patient_request" in purposes:
            listed = self.base not in PROCEEDINGS | {"supervision", "dual_enrollment"}
        else:
            listed = self.base in purposes
        return listed and (form["kind"] != "tpo" or self.base in TPO)

    def face(self, form):
        purposes = set(form["purposes"] or ())
        tpo, intermediary = bool(purposes & TPO), form["kind"] == "intermediary"
        wide = form.get("participants") in (None, "all_participants", [])
        revocable = form["states_right_to_revoke"] and form["states_how_to_revoke"]
        rows = {
            "consent.unverified": not form.get("verified", True),
            "consent.missing.patient": not form["patient"],
            "consent.missing.discloser": not form["discloser"],
            "consent.missing.information": not form["information"],
            "consent.missing.recipient": not form["recipients"] and not intermediary,
            "consent.missing.participants": wide if intermediary else "intermediary" in self.roles,
            "consent.missing.redisclosure_rule": tpo
            and (intermediary or self.any_covered(form))
            and not form["states_redisclosure_rule"],
            "consent.missing.purpose": not purposes,
            "consent.missing.fundraising_opt_out": "fundraising" in purposes and not form["states_fundraising_opt_out"],
            "consent.missing.revocation": form["kind"] != "criminal_justice" and not revocable,
            "consent.missing.expiry": form["expires"] is None or (form["expires"] == "none" and not purposes <= TPO),
            "consent.missing.signature": not form["signed_by"] or not form["signature"],
            "consent.missing.date": not form["signed_on"],
            "consent.missing.redisclosure_risk": tpo and not form["states_redisclosure_risk"],
            "consent.missing.refusal_consequences": tpo and not form["states_refusal_consequences"],
            "consent.information_vague": "any_and_all" in (form["information"] or ()),
            "consent.not_patient_initiated": "at_patient_request" in purposes and not form["patient_initiated"],
            "consent.combined": bool(purposes & PROCEEDINGS) and len(purposes) > 1,
        }
        return {code for code, fault in rows.items() if fault}

    def any_covered(self, form):
        for entry in form["recipients"] or ():
            if isinstance(entry, str):
                named = [self.who(entry)]
            else:
                named = [entry.get("person"), entry.get("at"), *self.namesakes(entry.get("as_written"))]
            if any(party in CLASSES or self.covered(party) for party in named):
                return True
        return False

    def namesakes(self, name):
        return [party for party, known in self.parties.items() if known["name"] == name]

    def signer(self, form):
        signed, patient = set(form["signed_by"] or ()), self.patient
        by_patient = bool(signed & {"the-patient", self.patient_id})
        on = self.date(form["signed_on"]) if form["signed_on"] else self.today
        if self.died:
            return set() if patient.get("representative") in signed else {"death.representative"}
        if self.age(on) < 18:
            return self.minor(signed, on, by_patient=by_patient)
        if patient.get("adjudicated"):
            return set() if patient.get("representative") in signed else {"capacity.representative"}
        if by_patient:
            return set()
        if "medically_unable" in self.findings and "the-director" in signed:
            payer = self.base == "payment" and self.roles & {"health_plan", "third_party_payer"}
            return set() if payer else {"capacity.payment_only"}
        agent = "medically_unable" in self.findings and signed & set(patient.get("agents", ()))
        return {"capacity.agent"} if agent else {"consent.signer"}

    def minor(self, signed, on, *, by_patient):
        alone = {"counseling": 12, "buprenorphine": 16}.get(self.case.get("service", "counseling"), 99)
        by_parent = bool(signed & set(self.patient.get("parents", ())))
        rows = {
            "minor.consent": not by_patient,
            "minor.payment": not by_patient and self.base == "payment",
            "minor.parent_consent": self.age(on) < alone and not by_parent,
            "minor.turned_adult": by_parent and self.age(self.today) >= 18,
        }
        return {code for code, fault in rows.items() if fault}

    def truth_and_time(self, form, item, *, holder=False):
        on = self.date(form["signed_on"]) if form["signed_on"] else None
        signed = instant(form["signed_at"]) if "signed_at" in form else None
        false = (
            form["signature"] == "doubtful"
            or (on is not None and on > self.today and signed is None)
            or (on is not None and signed is not None and self.day(signed) != on)
        )
        found = {"consent.false"} if false else set()
        found |= {"consent.not_prior"} if signed is not None and signed > self.at else set()
        found |= self.over(form, self.at)
        who = {self.discloser, self.acts_for, item.get("served")}
        line = self.to | (self.line(self.discloser) if holder else who)
        revoked = self.revocations(form, line, self.at)
        if revoked:
            both = self.to | self.line(self.discloser) | {item.get("served")}
            first = min(instant(each["at"]) for each in self.revocations(form, both, self.at))
            relied = self.base == "payment" and "made" in item and self.date(item["made"]) < self.day(first)
            found.add("consent.reliance" if relied else "consent.revoked")
        return found

    def over(self, form, when):
        ends = form["expires"]
        if isinstance(ends, dict):
            state = self.case.get("events", {}).get(ends["event"], "unknown")
            if state in {"not_yet", "unknown"}:
                return {"consent.expiry_unknown"} if state == "unknown" else set()
            return {"consent.expired"} if when >= instant(state) else set()
        if ends in {None, "none"}:
            return set()
        is_day = len(ends) == len("2026-03-02")
        end = self.midnight(self.date(ends) + timedelta(days=1)) if is_day else instant(ends)
        return {"consent.expired"} if when >= end else set()

    def revocations(self, form, line, when):
        found = []
        for each in form.get("revoked", ()):
            concerns = "as_to" not in each or any(self.who(party) in line for party in each["as_to"])
            if concerns and instant(each["at"]) <= when and self.revocable(form, instant(each["at"])):
                found.append(each)
        return found

    def revocable(self, form, when):
        start = form.get("revocable_from")
        if form["kind"] != "criminal_justice" or start in (None, "after_final_disposition"):
            return True
        if isinstance(start, dict):
            state = self.case.get("events", {}).get(start["event"], "unknown")
            return state != "not_yet" and (state == "unknown" or when >= instant(state))
        return when >= self.midnight(self.date(start))

    def only_oral(self, form, item):
        line = self.to | self.line(self.discloser) | {item.get("served")}
        counted = self.revocations(form, line, self.at)
        return bool(counted) and all(each["how"] == "oral" for each in counted)

    def kind_of_form(self, form, item):
        kind, listed, purposes = form["kind"], form["information"] or [], form["purposes"] or []
        beside = "counseling_notes" in listed and len(listed) > 1
        others = set(listed) - {"counseling_notes"}
        signed = set(form["signed_by"] or ())
        by_parent = bool(signed & set(self.patient.get("parents", ())))
        rows = {
            "notes.separate_consent": item["note"] and kind != "counseling_notes",
            "consent.combined": (item["note"] and (beside or (kind == "counseling_notes" and others)))
            or (bool(set(purposes) & PROCEEDINGS) and len(purposes) > 1),
            "consent.conditioned": kind == "counseling_notes" and form.get("conditioned", False),
            self.bar(): item["what"] == "record" and self.base in PROCEEDINGS and kind != "proceeding",
            "california.form": form.get("form") == "ascmi_ab133" and not self.patient["medi_cal"],
            "california.removed_minor": item["information"] == "mental_health"
            and self.patient.get("removed", False)
            and by_parent,
            "consent.general": kind == "general" and item["information"] == "psychotherapy_notes",
        }
        found = {code for code, fault in rows.items() if fault}
        return found | self.supervised(form) | self.enrolled(form, item)

    def supervised(self, form):
        if self.base != "supervision":
            return set()
        supervision = self.case["supervision"]
        stated = form.get("states_period") and form.get("revocable_from") not in (None, "after_final_disposition")
        rows = {
            "justice.consent_kind": form["kind"] != "criminal_justice",
            "justice.not_condition": not supervision["condition"],
            "justice.not_monitoring": not supervision["monitors"],
            "justice.revocability": not stated,
        }
        return {code for code, fault in rows.items() if fault}

    def enrolled(self, form, item):
        if self.base != "dual_enrollment":
            return set()
        rows = {
            "registry.consent_kind": form["kind"] != "registry",
            "registry.distance": not self.near and "central_registry" not in self.roles,
            "registry.trigger": self.case["registry"]["trigger"] == "none",
            "registry.information": not item["note"] and item["information"] not in {"demographics", "medications"},
        }
        return {code for code, fault in rows.items() if fault}

    @property
    def near(self):
        return "registry" in self.case and float(self.case["registry"]["miles"]) <= 200

    def unreached(self, form):
        if form["kind"] == "intermediary":
            return set() if form.get("intermediary") in self.to else {"scope.recipient"}
        found, reached = {"scope.recipient"}, False
        for entry in form["recipients"] or ():
            if isinstance(entry, dict):
                hit, also = self.by_name(entry)
            elif entry in CLASSES:
                hit, also = self.by_class(entry)
            else:
                hit, also = self.who(entry) in self.to, set()
            reached = reached or hit
            found |= also
        return set() if reached else found

    def by_name(self, entry):
        if "as_written" in entry:
            named = self.namesakes(entry["as_written"])
            meant = bool(set(named) & self.to)
            return meant and len(named) == 1, {"scope.recipient_ambiguous"} if meant else set()
        meant = entry["person"] == self.recipient
        return meant and entry["at"] in self.to, {"scope.recipient_ambiguous"} if meant else set()

    def by_class(self, entry):
        if entry == "treating_providers":
            missing = self.untreating()
            return not missing, missing
        reached = {
            "health_plans": bool(set(self.patient.get("plans", ())) & self.to),
            "third_party_payers": bool(set(self.patient.get("payers", ())) & self.to),
            "programs_within_200_miles": self.near and self.is_program(self.recipient),
        }
        return reached[entry], set()

    def untreating(self):
        if "provider" not in self.roles:
            return {"scope.recipient"}
        pending = self.relationship == "asked"
        why = "scope.treating_relationship_pending" if pending else "scope.no_treating_relationship"
        return set() if self.treats else {"scope.recipient", why}

    # -- HIPAA (6.4) -------------------------------------------------------------------------------------------------

    def hipaa(self, item):
        """The permission, or None, with its reason."""
        record, roles, base = item["what"] == "record", self.roles, self.base
        if item["information"] == "psychotherapy_notes":
            return None
        line = self.line(self.discloser)
        holders = {self.discloser, self.acts_for} if self.acts_for else line
        contract = self.agreement({"baa"}, holders, self.to) or self.agreement({"baa"}, self.to, line)
        if base in TPO and contract:
            return self.rest("hipaa", contract=True)
        hers = bool(set(self.patient.get("plans", ())) & self.to)
        rows = {
            "treatment": bool(roles & ({"provider"} if record else {"provider", "social_services"})),
            "payment": bool(roles & {"covered_entity", "provider"}),
            "operations": "covered_entity" in roles and (self.treats or hers),
            "patient_access": self.to_patient,
            "list_of_disclosures": self.to_patient,
            "presence_inquiry": item.get("identifies") == "person"
            and not any(self.parties.get(party, {}).get("sud_only") for party in line),
            "research": "research_requirements_met" in self.findings,
        }
        process = self.case.get("demand") in {"subpoena_with_assurances", "search_warrant"}
        goes = rows.get(base, AUTHORITY.get(base) in roles) or (base in PROCEEDINGS and process)
        return self.rest("hipaa", waits=base == "research" or base in PROCEEDINGS) if goes else None

    def no_hipaa(self, item):
        """Which permission was meant; psychotherapy notes need an authorization whatever was."""
        roles, base = self.roles, self.base
        associate = "business_associate" in roles and not roles & {"covered_entity", "provider"}
        rows = (
            ("presence.acknowledgment", base == "presence_inquiry"),
            ("hipaa.relationship", base == "operations" and "covered_entity" in roles),
            ("hipaa.no_contract", base in TPO and associate),
            ("hipaa.assurances", base in PROCEEDINGS and self.case.get("demand") == "subpoena"),
            ("hipaa.family", item["what"] == "record" and base == "family_information"),
            ("hipaa.authorization", True),
        )
        meant = next(code for code, fits in rows if fits)
        return {meant, "hipaa.authorization"} if item["information"] == "psychotherapy_notes" else {meant}

    def other(self, item):
        found, bases = Found(), []
        permitted = self.hipaa(item)
        if permitted is not None:
            bases.append(permitted)
        self.by_consent(item, bases, found)
        carried = any(basis["kind"] == "consent" for basis in bases)
        if "order" in self.case:
            scope = self.order(item)[1]
            if scope:
                bases.append(self.rest("order", waits=True))
            elif self.base in PROCEEDINGS:
                found.reasons.add("proceeding.order_scope")
        stops = self.stops_of_all(item)
        mental = item["information"] == "mental_health" and self.base in TPO
        if mental and not self.treats and not self.case.get("calaim") and not carried:
            stops.add("california.mental_health")
        parent = bool(self.to & set(self.patient.get("parents", ()))) and 12 <= self.age(self.today) < 18
        if parent and self.case.get("service", "counseling") == "counseling" and not carried:
            stops.add("california.minor_record")
        found.reasons = stops if bases else found.reasons | self.no_hipaa(item) | stops
        if found.reasons:
            found.due &= set() if bases else {"written_revocation"}
            found.due |= {"breach_assessment"} if "consent.not_prior" in found.reasons else set()
        else:
            found.waits = bases[0]["waits"]
            found.due = {"verify_identity"}
            found.due |= {"minimum_necessary"} if self.base in {"payment", "operations"} else set()
            found.due |= {"business_associate_contract"} if bases[0].get("contract") else set()
        return found

    # -- redisclosure (section 7) ------------------------------------------------------------------------------------

    def redisclosed(self, item, bases, found):
        if item["own"]:
            return
        held = item.get("held_under")
        basis, reasons = self.row(item, held)
        if basis is not None:
            bases.append(basis)
        else:
            found.reasons |= reasons
            form = self.consents.get(held)
            revoked = {"consent.revoked", "consent.reliance"}
            if form is not None and reasons & revoked and self.only_oral(form, item):
                found.due.add("written_revocation")
            if "redisclosure.not_lawful_holder" in reasons and any(
                self.only_oral(each, item) for each in self.consents.values()
            ):
                found.due.add("written_revocation")

    def row(self, item, held):
        covered = self.covered(self.discloser)
        if held in self.consents:
            return self.held_under(self.consents[held], item, covered=covered)
        if held in {"audit", "research"}:
            back = item["source"] in self.to
            return (self.rest("back"), set()) if back else (None, {f"{held}.other_use"})
        if held == "patient":
            return self.as_hipaa_permits(item) if covered else (self.rest("handed_on"), set())
        if held == "emergency":
            permitted = self.hipaa(item) if covered and self.base == "treatment" and "provider" in self.roles else None
            return permitted, {"redisclosure.not_permitted"}
        reasons = {"qsoa": set(), "ordinary": {"redisclosure.not_permitted"}}
        return None, reasons.get(held, {"redisclosure.not_lawful_holder"})

    def as_hipaa_permits(self, item):
        return self.hipaa(item), self.no_hipaa(item)

    def held_under(self, form, item, *, covered):
        unlawful = {"redisclosure.not_lawful_holder"}
        received = instant(item["received"]) if "received" in item else self.at
        over = self.over(form, received)
        lapsed = "consent.expired" in over or self.revocations(form, self.line(self.discloser), received)
        if lapsed and "received" in item:
            return None, unlawful
        basis, reasons = self.row_of(form, item, covered=covered)
        doubt = unlawful if lapsed else over
        if basis is None or doubt:
            return None, (reasons if basis is None else set()) | doubt
        return (basis, reasons) if self.given(form, item) else (None, unlawful)

    def given(self, form, item):
        """Whether a consent was signed before the record came, in writing, and with nothing false about it."""
        received = instant(item["received"]) if "received" in item else self.at
        on = form["signed_on"]
        signed = instant(form["signed_at"]) if "signed_at" in form else self.midnight(self.date(on)) if on else received
        false = form["signature"] == "doubtful" or (on and "signed_at" in form and self.day(signed) != self.date(on))
        return form.get("written", True) and signed <= received and not false

    def row_of(self, form, item, *, covered):  # noqa: PLR0911 - a table of rows
        program = self.acts_for is not None
        line = self.line(self.discloser)
        kind, purposes = form["kind"], set(form["purposes"] or ())
        if kind == "tpo" and covered:
            return self.as_hipaa_permits(item)
        if kind == "tpo" and program:
            return self.as_if_listed(form, item, self.unreached, {"redisclosure.beyond_consent"})
        if kind == "criminal_justice":
            monitors = self.base == "supervision" and self.case["supervision"]["monitors"]
            if not monitors or "criminal_justice" not in self.roles:
                return None, {"justice.other_use"}
            return self.as_if_listed(form, item, self.anyone, {"justice.other_use"})
        if kind == "registry":
            return None, {"registry.other_use"}
        if kind == "intermediary" and form.get("intermediary") in line:
            return self.as_if_listed(form, item, self.participant, set(), lists=True)
        if not covered and not program and (kind == "tpo" or purposes & {"payment", "operations"}):
            return self.to_contractor(form, line)
        if not self.reaches(form.get("onward", ()), self.recipient):
            return None, {"redisclosure.narrow_consent" if covered else "redisclosure.not_permitted"}
        return self.as_if_listed(form, item, self.anyone, set())

    def as_if_listed(self, form, item, reach, otherwise, *, lists=False):
        reasons = self.consent(form, item, holder=True, reach=reach)
        if reasons:
            return None, reasons | otherwise
        return self.rest("consent", form, waits=self.waits(form), lists=lists), set()

    def to_contractor(self, form, line):
        purposes = set(form["purposes"] or ())
        if self.base not in {"payment", "operations"} or not self.serves(form, purposes):
            return None, {"redisclosure.not_contractor"}
        if not self.agreement({"contract_2_33c"}, line, self.to):
            return None, {"redisclosure.no_contract"}
        if form["kind"] == "general":
            return None, {"consent.general"}
        lapsed = self.truth_and_time(form, {}, holder=True)
        return (None, lapsed) if lapsed else (self.rest("contract"), set())

    def participant(self, form):
        members = set(self.parties.get(form["intermediary"], {}).get("participants", ()))
        named = form.get("participants")
        if not members & self.to:
            return {"scope.recipient"}
        if named == "treating_participants":
            return self.untreating()
        reached = isinstance(named, list) and self.reaches(named, self.recipient)
        return set() if reached else {"scope.recipient"}

    @staticmethod
    def anyone(_form):
        return set()

"""The English of read-backs and of what to do about a fault."""

from policies.texts.spoken import Spoken

CLASSES = {
    "whole": "your whole treatment record, but not counseling notes",
    "whole_without_mental_health": "your whole treatment record, but not counseling notes or mental health",
    "summary": "your treatment summary",
    "demographics": "your name and address",
    "attendance": "when you come",
    "diagnosis": "your diagnosis",
    "medications": "your medications",
    "tests": "your test results",
    "assessment": "your assessment",
    "treatment_plan": "your treatment plan",
    "billing": "your bills",
    "counseling_notes": "your counseling notes",
    "mental_health": "your mental health",
    "psychotherapy_notes": "your psychotherapy notes",
    "medical": "your medical care",
    "incident": "what happened in an incident",
    "abuse_report": "a report of abuse",
    "threat_facts": "a threat to your life or health",
    "cause_of_death": "a cause of death",
    "warning": "a warning",
    "disclosures": "the list of who got your records",
}
PARTIES = {
    "treating_programs": "the programs that treat you",
    "treating_providers": "the providers who treat you",
    "health_plans": "your health plans",
    "third_party_payers": "those who pay for your care",
    "programs_within_200_miles": "treatment programs within 200 miles",
    "treating_participants": "those of its members who treat you",
    "person_at": "{person}, while working at {place}",
}
EVENTS = {
    "discharge": "you finish treatment",
    "end_of_treatment": "you finish treatment",
    "end_of_research": "the research study ends",
    "final_disposition": "your court case is over",
    "other": "this happens: {event}",
}
SERVICES = {"counseling": "counseling", "methadone": "methadone", "buprenorphine": "buprenorphine"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
FRAMES = {
    "and": " and ",
    "day": "{month} {day}, {year}",
    "instant": "{hour}:{minute:02} on {day}",
    "until_day": "Until the end of {date}",
    "until_instant": "Until {date}",
    "until_revoked": "Until you take it back",
    "until_event": "Until {event}",
    "to": "{name}",
    "grant_one": "{until}, {disclosers} may tell {recipients} about {information}, for {purposes}.",
    "grant_many": "{until}, {disclosers} may tell {recipients} about {information}, for {purposes}.",
    "on_request": "anything you ask for, except court cases, the police and supervision",
    "supervision": "For supervision, only people who must check on your sentence or release may be told.",
    "dual_enrollment": (
        "To prevent double enrollment, it may be told only when you start, change or stop care, "
        "and only to a central registry or a program within 200 miles."
    ),
    "participants": "{names} may pass it on only to {participants}.",
    "passed_on": (
        "Those who must follow HIPAA may pass it on as HIPAA allows, but never for use against you in a court case."
    ),
    "waits": "Each time, a person looks at it first.",
    "stop": "You can stop this by telling {disclosers} in writing. A call stops it too. What was told stays told.",
    "stop_later_day": "You can stop this from {date} on, by telling {disclosers} in writing.",
    "stop_later_event": "You can stop this in writing only after {event}.",
    "starts": "It starts on {date}, the day it was signed.",
    "span_end": "Because of who signed it, it ends on {date} at the latest.",
    "span_start": "Because of who signed it, it starts on {date}.",
    "span_services": "It is only about this care: {services}. A minor signed alone.",
    "span_unable": "It is only for payment, and only while you are too ill to decide. The director signed it.",
    "taken_back": "You took it back on {date}. Nothing more may be told.",
    "taken_back_as_to": "As to {names}, you took it back on {date}.",
    "unverified": "Nothing may be told yet. First a person must check this against what was signed.",
    "nothing": "Nothing may be told under this form.",
    "denial": "You said no. Nothing may be told on your word, and what you signed before has stopped.",
    "denial_as_to": "You said no. Nothing may be told to {names} on your word.",
}
MENDS = {
    "consent.unwritten": "Have it written down and signed.",
    "consent.general": "Use the Part 2 consent form, or a form that has all of its parts.",
    "consent.missing.patient": "Write the patient's full name and birth date.",
    "consent.missing.discloser": "Name the program that may give out the record.",
    "consent.missing.information": "Say which kinds of information may be given out.",
    "consent.missing.recipient": 'Name who may get the record, or a group such as "my treating providers".',
    "consent.missing.participants": (
        "For an exchange, use its own form. Name its members, or limit it to those who treat the patient."
    ),
    "consent.missing.redisclosure_rule": "Use a form that says who may pass the record on under HIPAA, and the limits.",
    "consent.missing.purpose": "Say what the record will be used for.",
    "consent.missing.fundraising_opt_out": "Use a form that lets the patient say no to fundraising.",
    "consent.missing.revocation": "Use a form that says the patient may take it back, and how.",
    "consent.missing.expiry": 'Write the day or event on which it ends. "None" will do only for care and its payment.',
    "consent.missing.signature": "The patient must sign.",
    "consent.missing.date": "The person who signs must write the date.",
    "consent.missing.redisclosure_risk": "Use a form that says the record might be passed on.",
    "consent.missing.refusal_consequences": "Use a form that says what happens if the patient does not sign.",
    "consent.information_vague": 'Name the kinds of information, or write "my complete treatment record".',
    "consent.not_patient_initiated": "Write the real purpose, or note that the patient asked for it.",
    "consent.signer": "The patient must sign, or someone with the legal right to sign for the patient.",
    "consent.combined": "Use a form of its own for counseling notes, and one for court cases.",
    "consent.conditioned": "Tell the patient that care does not depend on it, and ask again.",
    "consent.false": "Ask the person who signed. If the date or name is wrong, have a new form signed.",
    "consent.expired": "Have a new form signed.",
    "consent.expiry_unknown": "Find out if the event has happened, and write it down here.",
    "consent.revoked": "Do not use it. The patient may sign a new form.",
    "scope.patient": "Check whose form this is.",
    "scope.recipient_ambiguous": "Find out who is meant, and choose that party from the list.",
    "minor.consent": "The minor must sign.",
    "minor.parent_consent": "A parent must sign too.",
    "minor.turned_adult": "The patient is of age now and must sign a new form.",
    "death.representative": "The legal representative must sign.",
    "capacity.representative": "The person whom the court named must sign.",
    "california.form": "Use the form for people without Medi-Cal.",
    "design.not_modelled": "Ask the privacy officer. The hub does not know this kind of form.",
}
TEXT = Spoken(CLASSES, PARTIES, EVENTS, SERVICES, MONTHS, FRAMES, MENDS)

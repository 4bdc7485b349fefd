"""The on-screen form: what was chosen on it, as the elements of a consent and as the fields of the printed form.

Rules kept here:
- The hub's own text states the statements of §2.31(a)(4)(iii), (6) and (10); what the patient leaves open is blank.
- The printed form of what was signed holds the same choices, so that the paper and the record never differ.
"""

from collections.abc import Mapping
from datetime import date

from hub.errors import Malformed
from hub.forms.own import Kind, Language, fields_of
from hub.storage.consent_form import ConsentForm, EndEvent
from hub.storage.directory import Organization
from policies.readback import SPOKEN
from policies.vocabulary import THE_PATIENT

Chosen = Mapping[str, list[str]]
TPO_RECIPIENTS = ("treating_providers", "health_plans", "third_party_payers")
TPO = ("treatment", "payment", "operations")


def consent_of(kind: Kind, language: Language, chosen: Chosen) -> ConsentForm:
    """The elements of what was chosen, not signed yet. Raises `Malformed` for an end that is none."""
    tpo, notes = kind == "tpo", kind == "counseling_notes"
    named = tuple(chosen.get("recipients", ()))
    purposes = TPO if tpo else tuple(chosen.get("purposes", ()))
    return ConsentForm(
        kind=kind,
        patient=THE_PATIENT,
        discloser=tuple(chosen.get("discloser", ())) or None,
        information=("counseling_notes",) if notes else tuple(chosen.get("information", ())) or None,
        recipients=((*TPO_RECIPIENTS, *named) if tpo else named) or None,
        purposes=purposes or None,
        patient_initiated="at_patient_request" in purposes,
        expires=_end(chosen),
        event_status="not_yet" if _one(chosen, "until") == "end_of_treatment" else None,
        states_redisclosure_rule=True,
        states_right_to_revoke=True,
        states_how_to_revoke=True,
        states_redisclosure_risk=True,
        states_refusal_consequences=True,
        form="part2",
        language=language,
    )


def printed(
    kind: Kind, language: Language, form: ConsentForm, organizations: Mapping[str, Organization]
) -> dict[str, str]:
    """The fields of the printed form that say the same; names that have no line of their own share the last one."""
    spoken = SPOKEN[language]

    def names(ids: tuple[object, ...]) -> list[str]:
        known = (str(each) for each in ids)
        return [organizations[each].name if each in organizations else spoken.parties.get(each, each) for each in known]

    recipients = tuple(each for each in form.recipients or () if kind != "tpo" or each not in TPO_RECIPIENTS)
    lines = ["recipients_more"] if kind == "tpo" else ["recipient_1", "recipient_2", "recipient_3"]
    values = dict(zip(lines, _folded(names(recipients), len(lines)), strict=False))
    programs = [name for name in fields_of(kind, language) if name.startswith("discloser")]
    values |= dict(zip(programs, _folded(names(form.discloser or ()), len(programs)), strict=False))
    values |= {f"information_{each}": "x" for each in form.information or ()}
    values |= {f"purposes_{each}": "x" for each in form.purposes or ()}
    return values | _printed_end(form)


def _printed_end(form: ConsentForm) -> dict[str, str]:
    if isinstance(form.expires, EndEvent):
        return {"expires_end_of_treatment": "x"}
    if form.expires == "none":
        return {"expires_none": "x"}
    return {"expires_on": "x", "expires_day": f"{date.fromisoformat(form.expires):%m/%d/%Y}"} if form.expires else {}


def _end(chosen: Chosen) -> str | EndEvent | None:
    until = _one(chosen, "until")
    if until == "end_of_treatment":
        return EndEvent(event="end_of_treatment")
    if until != "day":
        return "none" if until == "none" else None
    try:
        return date.fromisoformat(_one(chosen, "until_day")).isoformat()
    except ValueError:
        raise Malformed("Write the day on which it ends.", field="until_day") from None


def _one(chosen: Chosen, name: str) -> str:
    return chosen.get(name, [""])[0]


def _folded(names: list[str], lines: int) -> list[str]:
    return [*names[: lines - 1], "; ".join(names[lines - 1 :])] if len(names) > lines else names

"""A FHIR Consent as the elements of §2.31 that it states, as denials, or as not applicable with its reason.

Rules kept here (published in CONSENT.md):
- The root provision sets the default, nested ones are exceptions with their own type.
- What permits is read narrowly: a list with nothing understood in it permits nothing. What denies is read widely: a
  criterion that is not understood, or that the elements cannot say, is left out, and more is denied.
- No element is filled that the resource does not state. The statements of a form are known only from its `policy.uri`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from hub import jsontext
from hub.errors import Malformed
from hub.fhir.criteria import Criteria, Unread, criteria_of, day_or_instant
from hub.fhir.shapes import HUB_EVENT, HUB_FORM, HUB_NO_END, HUB_SIGNATURE, ConsentResource, Provision
from hub.forms.crosswalk import editions
from hub.forms.own import EDITION
from hub.storage.consent_form import ConsentForm, DenialForm, EndEvent
from hub.storage.directory import Organization
from policies.vocabulary import CLASSES, COMPLETE_RECORD, SIGNATURES, THE_PATIENT, WITHOUT_NOTES

STATEMENTS = dict.fromkeys(
    (
        "states_redisclosure_rule",
        "states_right_to_revoke",
        "states_how_to_revoke",
        "states_redisclosure_risk",
        "states_refusal_consequences",
    ),
    True,
)


class Reading(NamedTuple):
    """What a resource comes to. `unread`: what was not understood; with nothing else, it is not applicable."""

    consents: tuple[ConsentForm, ...] = ()
    denials: tuple[DenialForm, ...] = ()
    unread: tuple[Unread, ...] = ()


class Place(NamedTuple):
    """What a reading needs to know of here: the directory, the county's zone, the instant."""

    organizations: Mapping[str, Organization]
    zone: ZoneInfo
    now: datetime


def parse(raw: bytes) -> ConsentResource:
    """The resource. Raises `Malformed` if it is no Consent."""
    try:
        found = msgspec.json.decode(raw, type=ConsentResource)
        jsontext.check(raw)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; the path at their end does not.
        path = str(error).rpartition(" - at `$")[2].rstrip("`") if " - at `$" in str(error) else ""
        raise Malformed("The body is not a FHIR Consent in JSON.", field=f"Consent{path}") from None
    except (ValueError, RecursionError):
        raise Malformed("The body is not a FHIR Consent in JSON.", field="$") from None
    if found.resource_type != "Consent":
        raise Malformed("The body is not a FHIR Consent in JSON.", field="resourceType")
    return found


def read_consent(resource: ConsentResource, place: Place) -> Reading:
    """What the resource states, element by element."""
    root, nested = _provisions(resource)
    refused = tuple(_not_applicable(resource, root, nested))
    if refused:
        return Reading(unread=refused)
    where = "Consent.provision"
    base = criteria_of(root, where, *_rest(place), wide=root.type == "deny")
    exceptions = [
        (kind, criteria_of(each, f"{where}.provision[{n}]", *_rest(place), wide=kind == "deny"))
        for n, each in enumerate(nested)
        for kind in [each.type or _opposite(root.type)]
    ]
    unread = (*base.unread, *(one for _, each in exceptions for one in each.unread))
    permits = [(root, base)] if root.type == "permit" else []
    permits += [(nested[n], each) for n, (kind, each) in enumerate(exceptions) if kind == "permit"]
    denials = [each for kind, each in exceptions if kind == "deny"]
    if root.type == "deny" and not permits:
        return Reading(denials=(_denial(resource, base, place),), unread=unread)
    good = [(stated, each) for stated, each in permits if not _empty(each) and not _narrowed(each)]
    forms = [_form(resource, root, stated, _merged(base, each) if stated is not root else each, place)
             for stated, each in good]  # fmt: skip
    left = [form for form in (_without(form, denials) for form in forms) if form is not None]
    return Reading(tuple(left), tuple(_denials(resource, denials, place)), unread)


def _rest(place: Place) -> tuple[Mapping[str, Organization], datetime]:
    return place.organizations, place.now


def _provisions(resource: ConsentResource) -> tuple[Provision, tuple[Provision, ...]]:
    """R4: one root with exceptions. R5: the root is the resource's `decision`, and every provision an exception."""
    if resource.decision is None and isinstance(resource.provision, Provision):
        return resource.provision, resource.provision.provision
    nested = resource.provision if isinstance(resource.provision, tuple) else ()
    return Provision(type=resource.decision, period=resource.period), nested


def _not_applicable(resource: ConsentResource, root: Provision, nested: tuple[Provision, ...]) -> Iterable[Unread]:
    scopes = [coding.code for coding in resource.scope.coding] if resource.scope else ["patient-privacy"]
    marks = (
        ("status", resource.status != "active"),
        ("scope", "patient-privacy" not in scopes),
        ("modifierExtension", bool(resource.modifier_extension)),
        ("provision.modifierExtension", any(each.modifier_extension for each in (root, *nested))),
        ("implicitRules", resource.implicit_rules is not None),
        ("provision.type", root.type not in {"permit", "deny"}),
        ("provision.provision.type", any(each.type not in {None, "permit", "deny"} for each in nested)),
        ("provision.provision.provision", any(each.provision for each in nested)),
        ("provision.provision", root.type == "permit" and any(each.type == "permit" for each in nested)),
    )
    return [Unread("not-applicable", f"Consent.{name}") for name, found in marks if found]


def _opposite(kind: str | None) -> str:
    return "deny" if kind == "permit" else "permit"


def _empty(criteria: Criteria) -> bool:
    """A list of which nothing was understood: as a criterion of a permission, it is met by nobody."""
    return any(each == () for each in (criteria.recipients, criteria.purposes, criteria.information))


def _narrowed(criteria: Criteria) -> bool:
    """A permission narrowed by something that cannot be said here permits nothing here."""
    return any(each.code == "unsupported" for each in criteria.unread)


def _merged(base: Criteria, own: Criteria) -> Criteria:
    """A nested permission lies within its own criteria; what it leaves out comes from the root, save recipients."""
    disclosers = base.disclosers if own.disclosers is None else own.disclosers
    return own._replace(disclosers=disclosers, end=own.end or base.end)


def _form(
    resource: ConsentResource, root: Provision, stated: Provision, criteria: Criteria, place: Place
) -> ConsentForm:
    known = _statements(resource)
    moment = day_or_instant(resource.date_time or resource.date or "")
    aware = isinstance(moment, datetime) and moment.tzinfo is not None
    signed_at = moment.isoformat() if aware and isinstance(moment, datetime) else None
    local = moment.astimezone(place.zone).date() if aware and isinstance(moment, datetime) else moment
    signature = next((each.value_code for each in resource.extension if each.url == HUB_SIGNATURE), None)
    return ConsentForm(
        kind=str(known.pop("kind", "specific")),
        patient=THE_PATIENT if (resource.patient or resource.subject) else None,
        discloser=criteria.disclosers or None,
        information=criteria.information or None,
        recipients=criteria.recipients or None,
        purposes=criteria.purposes,
        expires=_end(root, stated, criteria, resource),
        signed_by=_signers(resource),
        signature=signature if signature in SIGNATURES else None,
        signed_on=None if local is None or isinstance(local, datetime) else local.isoformat(),
        signed_at=signed_at if signature == "electronic" else None,
        language=resource.language[:2] if resource.language else None,
        **known,
    )


def _statements(resource: ConsentResource) -> dict[str, Any]:
    """The statements of §2.31(a)(4)(iii), (6) and (10), if the resource names a form whose text is known here."""
    named = [policy.uri or "" for policy in resource.policy]
    uris = [uri.removeprefix(HUB_FORM) for uri in named if uri.startswith(HUB_FORM)]
    for uri in uris:
        name, _, edition = uri.rpartition(":")
        if edition == EDITION and name in {"tpo", "specific", "counseling_notes"}:
            return {"kind": name, "form": "part2", **STATEMENTS}
        for known in editions():
            if (known.form, known.edition) == (name, edition) and known.becomes == "consent":
                kept = {each: known.states[each] for each in STATEMENTS if known.states.get(each)}
                return {"form": known.form, **kept}
    return {}


def _end(root: Provision, stated: Provision, criteria: Criteria, resource: ConsentResource) -> str | EndEvent | None:
    """§2.31(a)(7): the earliest end that is stated; "none" only if the resource says so."""
    ends = [each for each in (criteria.end, root.period.end if root.period else None) if each]
    ends += [resource.period.end] if resource.period and resource.period.end else []
    if ends:
        return min(ends, key=lambda end: end.ljust(11, "z"))
    stated_ends = (*stated.extension, *root.extension, *resource.extension)
    event = next((each.value_code for each in stated_ends if each.url == HUB_EVENT and each.value_code), None)
    if event is not None:
        return EndEvent(event=event)
    return "none" if any(each.url == HUB_NO_END and each.value_boolean for each in stated_ends) else None


def _signers(resource: ConsentResource) -> tuple[str, ...] | None:
    """Who gave the consent: the patient, if it says so; for anybody else nothing here knows the right to sign."""
    whose = resource.patient or resource.subject
    given = (*resource.performer, *resource.grantor)
    patient = whose is not None and any(
        each.reference is not None and each.reference == whose.reference for each in given
    )
    return (THE_PATIENT,) if patient else None


def _without(form: ConsentForm, denials: list[Criteria]) -> ConsentForm | None:
    """The permission less its exceptions; one with several criteria takes away all that its first one touches."""
    for denial in denials:
        if _unclear(denial):
            return None
        if denial.recipients:
            kept = tuple(each for each in form.recipients or () if each not in denial.recipients)
            form = msgspec.structs.replace(form, recipients=kept or None)
        elif denial.information:
            left = _classes(form.information) - _classes(denial.information)
            form = msgspec.structs.replace(form, information=tuple(sorted(left)) or None)
        elif denial.purposes:
            rest = set(form.purposes or ()) - set(denial.purposes)
            form = msgspec.structs.replace(form, purposes=tuple(sorted(rest)) or None)
        else:
            return None
    return form


def _unclear(denial: Criteria) -> bool:
    """Somebody or something was not understood, or a recipient is only a name: it may be anything that is permitted."""
    names_only = any(isinstance(each, dict) for each in denial.recipients or ())
    return names_only or any(each.code == "unknown" for each in denial.unread)


def _classes(information: tuple[str, ...] | None) -> frozenset[str]:
    listed = frozenset(information or ())
    return (listed | WITHOUT_NOTES if COMPLETE_RECORD in listed else listed) & CLASSES


def _denials(resource: ConsentResource, denials: list[Criteria], place: Place) -> Iterable[DenialForm]:
    """An exception as to recipients is a denial too: a class of recipients may reach them, or an earlier consent."""
    for denial in denials:
        if denial.recipients is not None:
            yield _denial(resource, denial, place)


def _denial(resource: ConsentResource, criteria: Criteria, place: Place) -> DenialForm:
    """As to the organizations it names; any other denial is one to everybody (read widely)."""
    named = [each for each in criteria.recipients or () if isinstance(each, str) and each in place.organizations]
    whole = not criteria.recipients or len(named) < len(criteria.recipients) or _unclear(criteria)
    moment = day_or_instant(resource.date_time or resource.date or "")
    local = moment.astimezone(place.zone).date() if isinstance(moment, datetime) and moment.tzinfo else moment
    return DenialForm(
        as_to=None if whole else tuple(named),
        signed_by=_signers(resource),
        signed_on=None if local is None or isinstance(local, datetime) else local.isoformat(),
        language=resource.language[:2] if resource.language else None,
    )

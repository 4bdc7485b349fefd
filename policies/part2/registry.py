"""Consents against dual enrollment in opioid treatment (§2.34)."""

from typing import Final

from policies.facts import Facts
from policies.part2.form import Form
from policies.part2.recipients import MILES
from policies.vocabulary import TRIGGERS

EVENTS: Final = TRIGGERS - {"none"}


def registry_faults(facts: Facts, form: Form) -> list[str]:
    """§2.34(a): a registry consent, to a central registry or a program within 200 miles, upon an event."""
    registry = facts.request.registry
    found: list[str] = []
    if form.kind != "registry":
        found.append("registry.consent_kind")
    near = registry is not None and registry.miles <= MILES
    if not near and "central_registry" not in facts.roles:
        found.append("registry.distance")
    if registry is None or registry.trigger not in EVENTS:
        found.append("registry.trigger")
    return found

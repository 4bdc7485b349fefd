"""The plain words of a read-back: one table for each language, the same keys in each (checked by test).

Spoken to the patient. `{disclosers}`, `{recipients}`, `{information}`, `{purposes}`, `{until}`, `{date}`, `{names}` and
`{services}` are filled in; names are those of parties, never of a patient.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Spoken(NamedTuple):
    """How classes, recipients, events and care are called to the patient's face; what to do about a fault."""

    classes: Mapping[str, str]
    parties: Mapping[str, str]
    events: Mapping[str, str]
    services: Mapping[str, str]
    months: tuple[str, ...]
    frames: Mapping[str, str]
    mends: Mapping[str, str]

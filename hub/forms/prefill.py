"""What the hub knows and a form asks for: who the member is, and the program that hands the form out."""

from datetime import date

from hub.context import Hub
from hub.errors import Malformed
from hub.forms.own import KINDS, LANGUAGES, Kind, Language
from hub.storage import members


async def prefilled(hub: Hub, member: str, program: str | None = None) -> dict[str, str]:
    """Values by field. Raises `NotAvailable` for an unknown member, `Malformed` for an unknown program."""
    who = await members.identity(hub, member)
    values = {"patient_name": f"{who.given} {who.family}", "patient_born": f"{date.fromisoformat(who.born):%m/%d/%Y}"}
    if program is not None:
        known = (await hub.directory.current()).organizations
        if program not in known:
            raise Malformed("The directory has no such organization.", field="program")
        values["discloser"] = known[program].name
    return values


def asked_form(kind: str, language: str) -> tuple[Kind, Language]:
    """The words as the forms know them. Raises `Malformed` naming the field."""
    found = next((each for each in KINDS if each == kind), None)
    if found is None:
        raise Malformed("A form is one of " + ", ".join(KINDS) + ".", field="kind")
    spoken = next((each for each in LANGUAGES if each == language), None)
    if spoken is None:
        raise Malformed("Forms are in en or es.", field="lang")
    return found, spoken

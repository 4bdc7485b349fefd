"""One door to all letters, for the pages, the API and the command line: seen as it would go out, or sent."""

from hub.compliance import matters, requests
from hub.compliance.letters import accounting, breach
from hub.compliance.letters.accounting import Made
from hub.compliance.matters import Act
from hub.context import Hub
from hub.forms.own import Language


async def letter(
    hub: Hub,
    matter: str,
    organization: str | None,
    *,
    by: str,
    about: str | None = None,
    member: str = "",
    language: Language = "en",
    answer: str | None = None,
) -> Made:
    """The letter of a matter; that it was seen is on the ledger. `about`: `extension`, or `sent`, as it went out;
    `member`: whose, of a breach.

    With `answer` (the reason that stands in the history) it goes out: the request is answered, its clock met, and it is
    kept. Raises `NotAvailable`, `Conflict`, `Malformed`, `IntegrityFailed`.
    """
    found = await matters.show(hub, matter, organization, by=by)
    if found["kind"] == "breach":
        return await breach.notice(hub, await breach.read(hub, matter, organization), member, language)
    if about == "sent":
        pdf = await requests.as_sent(hub, matter, organization)
        return Made(pdf, found["facts"]["letter"])
    if about == "extension":
        return await accounting.extension(hub, matter, organization)
    made = await accounting.answer(hub, matter, organization)
    if answer is not None:
        await requests.answered(hub, matter, made.pdf, Act("answered", answer, by, organization))
    return made

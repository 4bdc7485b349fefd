"""A consent signed on the screen: staff fill it in, it is read back, the patient types a name; no script.

Rules kept here:
- The token travels in the form, never in an address or a cookie: without ambient credentials nobody can send this
  form in somebody else's name.
- The system records when it was signed; what was signed is kept sealed, as its printed form.
- What is signed is what was read: if the effect would read differently by now, it is read again.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import web

from hub import cadence
from hub.context import Hub
from hub.errors import Forbidden, Malformed, NotAvailable, Rejected
from hub.forms import page
from hub.forms.own import Kind, Language, words
from hub.forms.prefill import asked_form, prefilled
from hub.forms.review import preview
from hub.forms.screen import consent_of, printed
from hub.storage import consent_papers, consents, members
from hub.storage.consent_form import ConsentForm
from hub.storage.facts import instant
from hub.storage.tokens import Principal
from hub.web.access import HUB, PUBLIC, TOKENS, Route, linked
from hub.web.body import read_form
from hub.web.pages.words import language_of
from policies.vocabulary import THE_PATIENT

_MAX_BYTES = 64 * 1024
_MAX_FIELDS = 300
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = (Path(page.__file__).with_name("style.css")).read_bytes()
_STAFF = ("staff", "compliance", "admin")


async def begin(request: web.Request) -> web.Response:
    """`GET /forms/consent`: an empty page; nothing on it is anybody's."""
    accepted = language_of("", request.headers.get("Accept-Language", ""))
    kind, language = _asked(request.query.get("kind", "tpo"), request.query.get("lang", accepted))
    return _html(page.start(kind, language))


async def style(_request: web.Request) -> web.Response:
    """`GET /forms/style.css`."""
    return web.Response(body=_STYLE, content_type="text/css", headers={"Cache-Control": "max-age=3600"})


async def go_on(request: web.Request) -> web.Response:
    """`POST /forms/consent`: the next step; what is wrong is said on the page."""
    started = cadence.clock()
    chosen = await read_form(request, _MAX_BYTES, _MAX_FIELDS)
    kind, language = _asked(_one(chosen, "kind"), _one(chosen, "lang"))
    try:
        return await _step(request, chosen, kind, language)
    except Rejected as error:
        if isinstance(error, NotAvailable):
            await cadence.until_beat(started)
        return _html(page.refused(kind, language, error), error.status)


def _asked(kind: str, language: str) -> tuple[Kind, Language]:
    if kind == "revocation":
        raise Malformed("A revocation is recorded at once, by the program or by telephone.", field="kind")
    return asked_form(kind, language)


async def _step(request: web.Request, chosen: page.Chosen, kind: Kind, language: Language) -> web.Response:
    hub, step = request.app[HUB], _one(chosen, "step")
    who = await _caller(request, _one(chosen, "token"))
    member = await members.find_by_cin(hub, _one(chosen, "member")) or _one(chosen, "member")
    await linked(hub, who, member)
    kept = {
        name: values for name, values in chosen.items() if name not in {"step", "typed", "agree", "signer", "shown"}
    }
    organizations = (await hub.directory.current()).organizations
    if step == "choose":
        return _html(page.choose(kind, language, kept, organizations, who.organization))
    form = _signed(hub, consent_of(kind, language, chosen), _one(chosen, "signer", THE_PATIENT))
    found = await preview(hub, member, form)
    shown = _digest(form, found["reads"][language])
    kept |= {"shown": [shown]}
    signers = sorted((await members.facts_of(hub, member)).signers)
    if step == "read":
        return _html(page.read(kind, language, kept, found, signers))
    if step != "sign":
        raise Malformed("There is no such step.", field="step")
    typed = _one(chosen, "typed").strip()
    same = hmac.compare_digest(shown, _one(chosen, "shown"))
    if not typed or _one(chosen, "agree") != "yes" or not same or found["lacks"]:
        problem = words(language).screen["missing_name"]
        return _html(page.read(kind, language, kept, found, signers, problem if same else ""), 400)
    consent = await _record(hub, who, member, form, (kind, language, typed, found["reads"][language]))
    return _html(page.done(kind, language, consent), 201)


async def _record(
    hub: Hub, who: Principal, member: str, form: ConsentForm, signing: tuple[Kind, Language, str, str]
) -> str:
    """Record the consent, then keep what was signed; a consent without its paper still waits to be verified."""
    kind, language, typed, read = signing
    consent = await consents.record(hub, member, form, by=who.by, origin={"form": "part2", "capture": "screen"})
    at = datetime.fromisoformat(str(form.signed_at)).astimezone(hub.zone)
    values = await prefilled(hub, member) | printed(kind, language, form, (await hub.directory.current()).organizations)
    from hub.forms.paper import Signed, form_pdf  # noqa: PLC0415 - fpdf2 and its fonts: 20 MiB, a third of the start

    paper = form_pdf(
        kind, language, values, Signed(typed, f"{at:%m/%d/%Y %H:%M %Z}", read, form.signed_by != (THE_PATIENT,))
    )
    await consent_papers.keep(hub, consent, paper, by=who.by)
    return consent


def _signed(hub: Hub, form: ConsentForm, signer: str) -> ConsentForm:
    """With the signature of this moment: the day is the county's."""
    now = instant(hub.clock.now()).astimezone(UTC)
    return msgspec.structs.replace(
        form,
        signed_by=(signer,),
        signature="electronic",
        signed_on=now.astimezone(hub.zone).date().isoformat(),
        signed_at=now.isoformat(),
    )


def _digest(form: ConsentForm, read: str) -> str:
    """What was shown, whoever signs it and whenever within the day."""
    lasting = msgspec.structs.replace(form, signed_at=None, signed_by=None)
    return hashlib.sha256(msgspec.json.encode([lasting, read])).hexdigest()


async def _caller(request: web.Request, token: str) -> Principal:
    who = await request.app[TOKENS].find(token)
    if who.role not in _STAFF:
        raise Forbidden("The role of this token does not reach here.")
    return who


def _one(chosen: page.Chosen, name: str, default: str = "") -> str:
    return chosen.get(name, [default])[0]


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status, text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY}
    )


ROUTES = (
    Route("GET", "/forms/consent", begin, PUBLIC),
    Route("POST", "/forms/consent", go_on, PUBLIC),
    Route("GET", "/forms/style.css", style, PUBLIC),
)

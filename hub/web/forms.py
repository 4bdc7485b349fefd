"""Forms over HTTP: the hub's own consent and revocation as PDF."""

from aiohttp import web

from hub.errors import NotAvailable
from hub.forms.prefill import asked_form, prefilled
from hub.web.access import HUB, Route, linked, note_view, who_calls


async def form(request: web.Request) -> web.Response:
    """`GET /v1/forms/{kind}.pdf?lang=&member=`: blank, or with the member's name for people who treat the member."""
    from hub.forms.paper import form_pdf  # noqa: PLC0415 - fpdf2 and its fonts: 20 MiB, and a third of the start

    hub, who = request.app[HUB], who_calls(request)
    kind, language = asked_form(request.match_info["kind"], request.query.get("lang", "en"))
    member = request.query.get("member")
    values: dict[str, str] = {}
    if member is not None:
        if who.role != "staff":
            raise NotAvailable
        await linked(hub, who, member, "program", "treating_provider", "primary_case_manager", "pcp")
        await note_view(hub, who, "form", member, member)
        values = await prefilled(hub, member, who.organization)
    # Named by its kind alone: a file name is read over shoulders.
    headers = {"Content-Disposition": f'attachment; filename="{kind}-{language}.pdf"'}
    return web.Response(body=form_pdf(kind, language, values), content_type="application/pdf", headers=headers)


ROUTES = (Route("GET", "/v1/forms/{kind}.pdf", form),)

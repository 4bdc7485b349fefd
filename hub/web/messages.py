"""FHIR messages in: `$process-message` (Da Vinci Unsolicited Notifications), kept before it is answered.

The sender's system learns that the message is taken, and nothing else: not whether anybody here knows the person, not
whether a consent permits it (§2.13(c)). What was decided is on the submission that it became, for the sender's people.
"""

from aiohttp import web

from hub.errors import Unsupported
from hub.fhir.message_in import read_message
from hub.fhir.notification_in import arrival_of
from hub.inbound.keep import keep
from hub.web import signed
from hub.web.access import HUB, Route, who_calls
from hub.web.body import read_body
from hub.web.outcomes import TYPE, informed
from hub.web.submissions import HANDERS_IN

MAX_BYTES = 4 * 1024 * 1024


async def process(request: web.Request) -> web.Response:
    """`POST /fhir/$process-message`: 200 once it is durable; the same message again is taken once."""
    hub, who = request.app[HUB], who_calls(request)
    if request.content_type not in (TYPE, "application/json"):
        raise Unsupported("This takes application/fhir+json.")
    if request.query:
        raise Unsupported("Neither async nor response-url is supported.", field="response-url")
    raw = await read_body(request, MAX_BYTES)
    await signed.check(request, raw)
    await keep(hub, arrival_of(read_message(raw), raw, who.organization, hub.zone))
    return informed("Received.", 200)


ROUTES = (Route("POST", "/fhir/$process-message", process, HANDERS_IN),)

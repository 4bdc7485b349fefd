"""FHIR messages in: `$process-message` (Da Vinci Unsolicited Notifications, BSeR), kept before it is answered.

The sender's system learns that the message is taken, and nothing else: not whether anybody here knows the person, not
whether a consent permits it (§2.13(c)). What was decided is on the submission that it became, for the sender's people.
"""

from aiohttp import web

from hub.errors import Malformed
from hub.fhir.answer_out import answer_to
from hub.fhir.message_in import read_message
from hub.fhir.notification_in import arrival_of
from hub.fhir.referral_in import EVENTS
from hub.inbound.keep import keep
from hub.web import signed
from hub.web.access import HUB, Route, who_calls
from hub.web.outcomes import fhir, informed, read_fhir
from hub.web.submissions import HANDERS_IN

MAX_BYTES = 28 * 1024 * 1024
"""20 MiB of documents (360X) as base64, and what is around them."""


async def process(request: web.Request) -> web.Response:
    """`POST /fhir/$process-message`: 200 once it is durable; the same message again is taken once.

    A referral is answered by a message, as its event asks; a notification has none (Da Vinci) and gets an outcome.
    """
    hub, who = request.app[HUB], who_calls(request)
    if unknown := sorted(request.query.keys() - {"_format"}):
        raise Malformed("This takes no parameters, neither async nor response-url.", field=unknown[0])
    raw = await read_fhir(request, MAX_BYTES)
    await signed.check(request, raw)
    message = read_message(raw)
    await keep(hub, arrival_of(message, raw, who.organization, hub.zone))
    if message.event in EVENTS:
        return fhir(answer_to(message, hub.address or "urn:part2hub:hub", hub.clock.now()))
    return informed("Received.", 200)


ROUTES = (Route("POST", "/fhir/$process-message", process, HANDERS_IN),)

"""Every page of the desk."""

from hub.web.desk import (
    addresses,
    audit,
    charts,
    entries,
    exports,
    find,
    front,
    glass,
    inbound,
    item,
    joining,
    log,
    looked,
    matching,
    matter,
    passkeys,
    people,
    policy,
    registers,
    signing_in,
    work,
)
from hub.web.pages import assets
from hub.web.pages.door import routes

PAGES = (
    *front.PAGES,
    *signing_in.PAGES,
    *joining.PAGES,
    *passkeys.PAGES,
    *people.PAGES,
    *addresses.PAGES,
    *find.PAGES,
    *log.PAGES,
    *entries.PAGES,
    *looked.PAGES,
    *exports.PAGES,
    *inbound.PAGES,
    *matching.PAGES,
    *work.PAGES,
    *item.PAGES,
    *registers.PAGES,
    *charts.PAGES,
    *audit.PAGES,
    *glass.PAGES,
    *policy.PAGES,
    *matter.PAGES,
    *front.LAST,
)
ROUTES = (*assets.ROUTES, *routes(PAGES))

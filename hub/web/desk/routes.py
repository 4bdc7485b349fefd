"""Every page of the desk."""

from hub.web.desk import (
    audit,
    charts,
    entries,
    exports,
    find,
    front,
    item,
    joining,
    log,
    looked,
    matter,
    passkeys,
    people,
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
    *find.PAGES,
    *log.PAGES,
    *entries.PAGES,
    *looked.PAGES,
    *exports.PAGES,
    *work.PAGES,
    *item.PAGES,
    *registers.PAGES,
    *charts.PAGES,
    *audit.PAGES,
    *matter.PAGES,
    *front.LAST,
)
ROUTES = (*assets.ROUTES, *routes(PAGES))

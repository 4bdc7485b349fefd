"""Every page of the desk."""

from hub.web.desk import entries, find, front, item, joining, log, passkeys, people, signing_in, work
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
    *work.PAGES,
    *item.PAGES,
    *front.LAST,
)
ROUTES = (*assets.ROUTES, *routes(PAGES))

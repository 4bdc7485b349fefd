"""Every page of the desk."""

from hub.web.desk import entries, find, front, joining, log, passkeys, people, signing_in
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
    *front.LAST,
)
ROUTES = (*assets.ROUTES, *routes(PAGES))

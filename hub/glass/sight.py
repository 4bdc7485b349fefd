"""What a broken glass opens: one member's entries, each with its story, and consents; each look names the act."""

from typing import Any, NamedTuple

from hub.compliance import viewing
from hub.context import Hub
from hub.desk import log, projection, story
from hub.desk.log import Wanted
from hub.desk.story import Story
from hub.errors import NotAvailable
from hub.forms.review import review
from hub.glass.acts import Act
from hub.model import MemberIdentity
from hub.storage import consents, members


class Sight(NamedTuple):
    """`identity` none: there is nothing here that could be shown, about nobody or about this person."""

    identity: MemberIdentity | None
    entries: list[log.Row]
    consents: list[dict[str, Any]]
    older: int | None
    """Where the next page of entries begins; none: there is no more."""


async def of(hub: Hub, act: Act, *, language: str, before: int | None = None) -> Sight:
    """A page of the member's entries of every organization, and their consents with what each permits."""
    if act.member is None:
        return Sight(None, [], [], None)
    await projection.catch_up(hub)
    found = await log.page(hub, Wanted(member=act.member, before=before), None)
    papers = await consents.list_for(hub, act.member)
    if not found.rows and not papers:
        return Sight(None, [], [], None)
    shown = [row["position"] for row in found.rows]
    await viewing.listed(hub, act.by, "log", [act.member], shown, glass=act.id)
    await viewing.note(hub, act.by, "member", act.member, act.member, glass=act.id)
    await viewing.note(hub, act.by, "consents", act.member, act.member, glass=act.id)
    read = [each | {"reads": (await review(hub, act.member, each["id"]))["reads"][language]} for each in papers]
    return Sight(await members.identity(hub, act.member), found.rows, read, found.next)


async def entry(hub: Hub, act: Act, position: int, *, language: str) -> Story:
    """One entry of the member's, whole. Raises `NotAvailable` for another's."""
    await projection.catch_up(hub)
    row = await log.row_at(hub, position, None)
    if row is None or act.member is None or row["member_id"] != act.member:
        raise NotAvailable
    await viewing.note(hub, act.by, "entry", act.member, row["reference"], glass=act.id)
    return await story.of(hub, row, language)

"""`part2hub status`: the queue and what waits for a person; or where one submission stands."""

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
  part2hub status                    the queue by state, the age of its oldest row, open work, the ledger's head
  part2hub status ID --for harbor    one submission, as its sender sees it

Exit codes: 0 nothing waits for a person, 1 something does, or the ledger is signed late (or the submission goes to
nobody), 2 no such submission, 3 a setting is refused, 4 the database is not available.
"""
_TROUBLE = ("dead", "unknown")
_GOING = {"queued", "claimed", "in_flight", "delivered"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `status` command."""
    parser = subparsers.add_parser(
        "status",
        help="the queue and what waits for a person; or one submission",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="of a submission")
    parser.add_argument("--for", dest="viewer", metavar="ORGANIZATION", help="whose view (needed with ID)")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the state."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast
    from hub.errors import Malformed  # noqa: PLC0415

    if args.id:
        if not args.viewer:
            raise Malformed("Say whose view: --for ORGANIZATION.")
        view = on_hub(lambda hub: _submission(hub, args.id, args.viewer))
        print(json.dumps(view, indent=None if args.json else 1, ensure_ascii=False))
        return 0 if any(each["state"] in _GOING for each in view["recipients"]) else 1
    found = on_hub(overview)
    print(json.dumps(found) if args.json else "\n".join(_lines(found)))
    return 1 if found["work"] or found["overdue"] or found["ledger"]["late"] else 0


async def _submission(hub: "Hub", submission: str, viewer: str) -> dict[str, Any]:
    from hub import views  # noqa: PLC0415

    return await views.submission(hub, submission, viewer)


async def overview(hub: "Hub") -> dict[str, Any]:
    """Counts and ids; nothing about a person."""
    from sqlalchemy import func, select  # noqa: PLC0415
    from sqlmodel import col  # noqa: PLC0415

    from hub.compliance.on_registers import Listed, listing  # noqa: PLC0415
    from hub.ledger.unsigned import LATE_S, waiting_s  # noqa: PLC0415
    from hub.storage.tables import Checkpoint, LedgerEntry, Outbox, WorkItem  # noqa: PLC0415
    from hub.waiting.listing import Filter, newest  # noqa: PLC0415

    state, size = col(Outbox.state), col(Checkpoint.size)
    counted: tuple[Any, ...] = (state, func.count())
    stuck: tuple[Any, ...] = (col(Outbox.id), state, col(Outbox.code), col(Outbox.endpoint_id))
    # What somebody has settled stays where it is, and is no trouble any more.
    asked = (col(WorkItem.reference) == col(Outbox.id)) & (col(WorkItem.state) == "open")
    query = hub.database.query
    states = await query(select(*counted).group_by(state))
    oldest = await query(select(func.min(col(Outbox.created_at))).where(state == "queued"))
    troubled = await query(select(*stuck).join(WorkItem, asked).where(state.in_(_TROUBLE)).limit(20))
    head = await query(select(size).order_by(size.desc()).limit(1))
    entries = await query(select(func.count()).select_from(LedgerEntry))
    work = await newest(hub, Filter(None), limit=20)
    overdue = await listing(hub, Listed(None, overdue=True, limit=20))
    now = hub.clock.now()
    unsigned_s = await waiting_s(hub.database, now)
    ledger = {"entries": int(entries[0][0]), "signed": head[0][0] if head else 0, "late": unsigned_s > LATE_S}
    return {
        "queue": {name: int(count) for name, count in states},
        "oldest_waiting_s": None if oldest[0][0] is None else (now - oldest[0][0]) // 1_000_000,
        "trouble": [dict(zip(("outbox", "state", "code", "endpoint"), row, strict=True)) for row in troubled],
        "work": [{name: each[name] for name in ("id", "kind", "organization_id", "code")} for each in work],
        "overdue": [{name: each[name] for name in ("id", "kind", "organization_id", "code")} for each in overdue],
        "ledger": {**ledger, "oldest_unsigned_s": unsigned_s},
    }


def _lines(found: dict[str, Any]) -> list[str]:
    queue = ", ".join(f"{count} {state}" for state, count in sorted(found["queue"].items())) or "empty"
    oldest = found["oldest_waiting_s"]
    lines = [
        f"queue    {queue}",
        f"oldest   {'nothing waits' if oldest is None else f'{oldest} s'}",
        f"ledger   {found['ledger']['entries']} entries, {found['ledger']['signed']} under a signed head"
        + (f", the next waits {found['ledger']['oldest_unsigned_s']} s" if found["ledger"]["late"] else ""),
        f"work     {len(found['work'])} open" + (" (the newest 20)" if len(found["work"]) == 20 else ""),
    ]
    lines += [
        f"  {each['kind']:<20} {each['organization_id']:<20} {each['id']}  {each['code']}" for each in found["work"]
    ]
    if found["overdue"]:
        lines.append(f"clocks   missed by {len(found['overdue'])} matters (`part2hub matter list --overdue`)")
    lines += [
        f"  {each['state']:<20} {each['endpoint'] or '':<20} {each['outbox']}  {each['code']}"
        for each in found["trouble"]
    ]
    return lines

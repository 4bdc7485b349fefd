"""A hub for tests: real storage, real keys, a clock that a test may move, a small invented county."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import hub
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.errors import StorageFailed
from hub.model import ChannelKind, now_us
from hub.ports import Channel
from hub.storage import key_records, migrations
from hub.storage.database import Database, Step
from hub.storage.directory import DirectoryStore, Organization
from hub.storage.directory_rows import organization_row
from hub.storage.facts import FactsReader
from hub.storage.postgres import PostgresDatabase
from hub.storage.sqlite import SqliteDatabase
from hub.storage.statements import Returning
from hub.workers.recent import Recent
from hub.workers.signals import LocalSignals
from tests import people

VERSION = Returning(*["SELECT version_num FROM alembic_version"] * 2)
ZONE = ZoneInfo("America/Los_Angeles")
OF_THIS_FORM = str(Path(hub.__file__).parents[1])
"""Where the hub of this process lies, as the `PYTHONPATH` of one that a test starts: so both are source or compiled."""

PROGRAM = frozenset({"provider", "covered_entity"})
ORGANIZATIONS = (
    Organization(id="harbor", name="Harbor House", roles=PROGRAM, sud_program="holds_out", sud_only=True),
    Organization(id="lantern", name="Lantern Outpatient", roles=PROGRAM, sud_program="holds_out", sud_only=True),
    Organization(id="valley-clinic", name="Valley Clinic", roles=PROGRAM),
    Organization(id="sunrise", name="Sunrise Plan", roles=frozenset({"covered_entity", "health_plan"})),
    Organization(id="county", name="Meridian County", roles=frozenset({"oversight_agency"})),
)


class MovableClock:
    """Real time, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return now_us() + self.ahead


@asynccontextmanager
async def a_hub(
    url: str, channels: Mapping[ChannelKind, Channel] | None = None, *, keys: Path | None = None
) -> AsyncIterator[Hub]:
    """A wired hub on an empty database with the organizations above; its keys in a file if another process shares
    it.
    """
    database = await open_database(url)
    ring = KeyRing.generate() if keys is None else KeyRing.create(keys)
    hub = Hub(
        database=database,
        clock=MovableClock(),
        ring=ring,
        directory=DirectoryStore(database, ZONE),
        facts=FactsReader(database, ring),
        channels=channels or {},
        signals=LocalSignals(),
        recent=Recent(),
        zone=ZONE,
        demo=True,
    )
    await key_records.admit(database, ring)
    await hub.directory.change(lambda: _settled(hub))
    await people.enlist(hub, *people.STAFF)
    try:
        yield hub
    finally:
        await database.close()


async def _settled(hub: Hub) -> tuple[Step, ...]:
    """The organizations above as one change: put one by one, each would read the directory anew for each test."""
    at = hub.clock.now()
    rows = [organization_row(organization, at) for organization in ORGANIZATIONS]
    return tuple([step for row in rows for step in await hub.directory._steps("organization", row, "county", at)])


@cache
def sqlite_template() -> Path:
    """A database file with the schema of this version, made once a process; copied, never used."""
    folder = Path(tempfile.mkdtemp(prefix="part2hub-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "template.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    return path


async def open_database(url: str) -> Database:
    """With the schema of this version; one that was copied with it is only asked."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            shutil.copy(await asyncio.to_thread(sqlite_template), path)
        await asyncio.to_thread(migrations.upgrade, url)
        return cast("Database", Attended(SqliteDatabase(path)))
    database = await PostgresDatabase.connect(url)
    try:
        found = await database.returning(VERSION, ())
    except StorageFailed:
        found = []  # no schema yet
    if found != [(migrations.HEAD,)]:
        await asyncio.to_thread(migrations.upgrade, url)
    return cast("Database", Attended(database))


class Attended:
    """A database whose `commit` a test may replace, to count, to break, to be faster; a compiled one lets nobody do so
    to itself (`make compiled`).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.commit = database.commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

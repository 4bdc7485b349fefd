"""Files in a folder, here and at a partner's SFTP server: taken whole, once, with a result of lines and codes."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from adapters.file import drop as drop_module
from adapters.file.drop import Drop, DropIntake
from adapters.file.place import Entry, LocalPlace, Place, proper
from adapters.file.sftp import SftpPlace
from hub.arrivals import Arrival, Taken
from hub.errors import StorageFailed
from hub.inbound.keep import keep, read
from hub.inbound.reception import settle_taken
from hub.storage.tables import Inbound, Outbox, Submission
from tests.contract.sftp_system import SftpSystem, sftp_server
from tests.hubs import ZONE
from tests.scenes import BORN, CIN, NAME, Scene, a_scene

HEADER = "row_id,event,event_at,cin,family,given,born,visit,setting,recipients"
KEY = asyncssh.generate_private_key("ssh-ed25519")


def row(number: str, event: str = "admit", **changes: str) -> str:
    cells = {
        "event_at": "2026-03-06T22:40:00-08:00", "cin": CIN, "family": NAME[1], "given": NAME[0], "born": BORN,
        "visit": "V-1001", "setting": "residential", "recipients": "lantern",
    } | changes  # fmt: skip
    return ",".join([number, event, *cells.values()])


class Folder:
    """A partner's folder, looked into by an intake of a real hub."""

    def __init__(self, scene: Scene, path: Path, place: Place) -> None:
        self.scene, self.path = scene, path
        self.drop = Drop(organization="harbor", place=place, purpose="treatment")
        self.now = 0.0
        self.intake = DropIntake([self.drop], ZONE, poll=0.01, clock=lambda: self.now or 2e9)
        self.take: Callable[[Arrival], Awaitable[Taken]] = self._keep

    def put(self, name: str, content: str | bytes, mark: str | None = None) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (self.path / name).write_bytes(raw)
        (self.path / f"{name}.sha256").write_text(mark or f"{hashlib.sha256(raw).hexdigest()}  {name}\n")

    async def look(self) -> int:
        finished = await self.intake.look(self.drop, self.take)
        while await settle_taken(self.scene.hub):
            pass
        return finished

    def result(self, name: str) -> list[str]:
        return (self.path / "results" / f"{name}.result.csv").read_text().split()

    def files(self, folder: str = ".") -> list[str]:
        place = self.path / folder
        return sorted(each.name for each in place.iterdir() if each.is_file()) if place.is_dir() else []

    async def rows(self, table: type[Any], column: Any) -> list[Any]:
        return [found for (found,) in await self.scene.hub.database.query(select(column))]

    async def _keep(self, arrival: Arrival) -> Taken:
        return await keep(self.scene.hub, arrival)


@pytest.fixture(params=["local", "sftp"])
async def folder(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Folder]:
    path = tmp_path / "drop"
    path.mkdir()
    database = tmp_path / "hub.sqlite"
    database.write_bytes(sqlite_template.read_bytes())
    async with a_scene(f"sqlite:///{database}") as scene:
        await scene.consent()
        if request.param == "local":
            yield Folder(scene, path, LocalPlace(path))
            return
        system = SftpSystem(tmp_path, KEY)
        async with sftp_server(system) as port:
            yield Folder(scene, path, SftpPlace(f"sftp://hub@127.0.0.1:{port}/drop", system.host_key, KEY))


async def test_a_file_becomes_notices_a_result_and_is_put_away(folder: Folder) -> None:
    folder.put("march.csv", f"{HEADER}\r\n{row('1')}\r\n{row('2', 'discharge')}\r\n")
    assert await folder.look() == 1
    assert folder.result("march.csv") == ["line,code", "2,taken", "3,taken"]
    assert folder.files() == []
    assert folder.files("done") == ["march.csv", "march.csv.sha256"]
    assert sorted(await folder.rows(Submission, Submission.kind)) == ["admit_notice", "discharge_notice"]
    assert await folder.scene.dispatch_all() == ["delivered", "delivered"]
    notice = folder.scene.channel.received[0].parcel.documents[0].content.decode()
    assert notice == "Admission notice\nWhen: 2026-03-06 22:40 PST\nSetting: residential\nVisit: V-1001\n"


async def test_a_half_written_file_waits_for_its_checksum(folder: Folder) -> None:
    whole = f"{HEADER}\n{row('1')}\n"
    (folder.path / "a.csv").write_text(whole[:50])
    folder.now = (folder.path / "a.csv").stat().st_mtime + 5
    assert await folder.look() == 0
    folder.put("a.csv", whole[:50], f"{hashlib.sha256(whole.encode()).hexdigest()}  a.csv")
    folder.now = (folder.path / "a.csv").stat().st_mtime + 5
    assert await folder.look() == 0
    assert folder.files() == ["a.csv", "a.csv.sha256"]
    (folder.path / "a.csv").write_text(whole)
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", "2,taken"]


async def test_each_wrong_row_is_told_by_line_and_code_and_the_others_are_taken(folder: Folder) -> None:
    wrong = {
        row("2", "born"): "unknown-event",
        row("3", event_at="2026-03-06"): "bad-time",
        row("4", event_at="yesterday"): "bad-time",
        row("5", cin="12345"): "bad-cin",
        row("14", event_at="9999-12-31T23:59-23:59"): "bad-time",
        row("12", event_at="0001-01-01T00:00+23:59"): "bad-time",
        row("13", given="=HYPERLINK(1)"): "formula",
        row("6", born="04/11/1988"): "bad-birth-date",
        row("7", family=""): "name-missing",
        row("8", setting="moon"): "unknown-setting",
        row("9", "admit_cancelled", visit=""): "visit-missing",
        row(""): "row-id-missing",
        row("10") + ",more": "wrong-number-of-cells",
    }
    folder.put("a.csv", "\n".join([HEADER, row("1"), "", *wrong, row("11", "discharge")]))
    assert await folder.look() == 1
    codes = ["taken", *wrong.values(), "taken"]
    lines = [2, *range(4, 4 + len(wrong) + 1)]
    assert folder.result("a.csv") == ["line,code", *(f"{n},{code}" for n, code in zip(lines, codes, strict=True))]
    result = "".join(folder.result("a.csv"))
    assert not [secret for secret in (*NAME, BORN, CIN, "V-1001") if secret in result]


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("before", ["", "\ufeff", "sep={}\r\n"])
async def test_a_file_as_a_spreadsheet_writes_it_is_taken(folder: Folder, separator: str, before: str) -> None:
    text = f"{HEADER}\r\n{row('1')}\r\n".replace(",", separator)
    folder.put("a.csv", before.format(separator) + text)
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", f"{3 if before.startswith('sep') else 2},taken"]


async def test_a_file_on_which_the_reader_fails_is_set_aside(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(drop_module, "rows", fails)
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n")
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", "0,unreadable"]
    assert await folder.rows(Inbound, Inbound.code) == ["file.unreadable"]


async def test_the_same_file_dropped_again_changes_nothing_and_says_the_same(folder: Folder) -> None:
    for name in ("a.csv", "a.csv", "b.csv"):
        folder.put(name, f"{HEADER}\n{row('1')}\n")
        assert await folder.look() == 1
        assert folder.result(name) == ["line,code", "2,taken"]
    assert len(await folder.rows(Submission, Submission.id)) == 1


async def test_another_row_under_a_used_number_is_told(folder: Folder) -> None:
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n{row('1', visit='V-2')}\n")
    await folder.look()
    assert folder.result("a.csv") == ["line,code", "2,taken", "3,row-id-reused"]


async def test_a_cancelled_admission_is_retracted_to_who_was_told(folder: Folder) -> None:
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n")
    await folder.look()
    await folder.scene.dispatch_all()
    folder.put("b.csv", f"{HEADER}\n{row('2', 'admit_cancelled', recipients='')}\n")
    await folder.look()
    await folder.scene.dispatch_all()
    last = folder.scene.channel.received[-1].parcel
    assert (last.recipient.id, last.event.kind) == ("lantern", "admit_cancelled")


async def test_a_referral_goes_to_whom_the_row_names(folder: Folder) -> None:
    cells = f"1,referral,2026-03-06T10:00-08:00,{CIN},{NAME[1]},{NAME[0]},{BORN},REF-1,lantern,Step-down"
    folder.put("r.csv", f"row_id,step,step_at,cin,family,given,born,referral,to,reason\n{cells}\n")
    await folder.look()
    assert folder.result("r.csv") == ["line,code", "2,taken"]
    assert await folder.rows(Outbox, Outbox.recipient) == ["lantern"]


@pytest.mark.parametrize("word", ["Y", "yes", "perhaps"])
async def test_a_restricted_row_waits_for_a_person(folder: Folder, word: str) -> None:
    folder.put("a.csv", f"{HEADER},restricted\n{row('1')},{word}\n")
    await folder.look()
    assert await folder.rows(Inbound, Inbound.code) == ["restricted.file"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00n\x00o", "not-utf-8"),
        (b"name,age\nx,1\n", "header-unknown"),
        (f"{HEADER},ssn\n".encode(), "header-unknown"),
        (b"", "header-unknown"),
        (f'{HEADER}\n"open'.encode(), "not-csv"),
        (b"x" * (5 * 1024 * 1024 + 1), "too-large"),
    ],
)
async def test_a_file_that_cannot_be_read_is_set_aside_and_a_person_is_told(folder: Folder, content, code) -> None:
    folder.put("a.csv", content)
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", f"0,{code}"]
    assert folder.files("quarantine") == ["a.csv", "a.csv.sha256"]
    assert await folder.rows(Inbound, Inbound.code) == [f"file.{code}"]


async def test_a_checksum_that_is_none_sets_its_file_aside_and_the_next_one_is_taken(folder: Folder) -> None:
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n", mark="0" * 2_000)
    folder.put("b.csv", f"{HEADER}\n{row('2')}\n")
    assert await folder.look() == 2
    assert folder.result("a.csv") == ["line,code", "0,checksum-differs"]
    assert folder.result("b.csv") == ["line,code", "2,taken"]


async def test_a_file_that_never_fits_its_checksum_is_set_aside(folder: Folder) -> None:
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n", "0" * 64)
    folder.now = (folder.path / "a.csv").stat().st_mtime + 700
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", "0,checksum-differs"]


async def test_a_file_whose_checksum_was_forgotten_is_set_aside_after_a_day(folder: Folder) -> None:
    (folder.path / "a.csv").write_text(f"{HEADER}\n{row('1')}\n")
    folder.now = (folder.path / "a.csv").stat().st_mtime + 80_000
    assert await folder.look() == 0
    folder.now += 7_000
    assert await folder.look() == 1
    assert folder.result("a.csv") == ["line,code", "0,checksum-missing"]
    assert (folder.files(), folder.files("quarantine")) == ([], ["a.csv"])
    assert await folder.rows(Inbound, Inbound.code) == ["file.checksum-missing"]


async def test_each_file_whose_checksum_was_forgotten_is_shown_to_a_person_with_what_is_in_it(folder: Folder) -> None:
    for number in ("1", "2"):
        (folder.path / "a.csv").write_text(f"{HEADER}\n{row(number)}\n")
        folder.now = (folder.path / "a.csv").stat().st_mtime + 90_000
        assert await folder.look() == 1
    found = [
        (await read(folder.scene.hub, each)).arrival.raw.decode() for each in await folder.rows(Inbound, Inbound.id)
    ]
    assert sorted(found) == [f"{HEADER}\n{row('1')}\n", f"{HEADER}\n{row('2')}\n"]


async def test_each_file_that_is_too_large_is_shown_to_a_person(folder: Folder) -> None:
    for modified in (1_000, 2_000):
        folder.put("a.csv", b"x" * (5 * 1024 * 1024 + 1))
        os.utime(folder.path / "a.csv", (modified, modified))
        await folder.look()
    assert await folder.rows(Inbound, Inbound.code) == ["file.too-large"] * 2


@pytest.mark.parametrize("name", ["march notices.csv", "notices (2).csv"])
async def test_a_name_as_people_give_it_is_taken(folder: Folder, name: str) -> None:
    folder.put(name, f"{HEADER}\n{row('1')}\n")
    assert await folder.look() == 1
    assert folder.result(name) == ["line,code", "2,taken"]
    assert folder.files("done") == [name, f"{name}.sha256"]


async def test_names_in_capitals_are_names(folder: Folder) -> None:
    folder.put("MARCH.CSV", f"{HEADER}\n{row('1')}\n")
    (folder.path / "MARCH.CSV.sha256").rename(folder.path / "MARCH.CSV.SHA256")
    assert await folder.look() == 1
    assert folder.result("MARCH.CSV") == ["line,code", "2,taken"]
    assert folder.files("done") == ["MARCH.CSV", "MARCH.CSV.SHA256"]


@pytest.mark.parametrize(
    "name",
    ["..csv", "../a.csv", "a\nb.csv", "a\x1b[2J.csv", "ä.csv", "-rf.csv", "a" * 130 + ".csv", "a;b.csv", " a.csv"],
)
async def test_a_hostile_name_is_not_touched(folder: Folder, name: str) -> None:
    assert not proper(name)
    if "/" not in name:
        folder.put(name, f"{HEADER}\n{row('1')}\n")
    before = folder.files()
    assert await folder.look() == 0
    assert folder.files() == before


@given(st.text(max_size=140))
def test_a_proper_name_can_lead_nowhere_else(name: str) -> None:
    if proper(name):
        assert Path("/drop", name).resolve().parent == Path("/drop")
        assert name.isprintable()
        assert name.isascii()


async def test_a_database_that_is_away_leaves_the_file_where_it_is(folder: Folder) -> None:
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n{row('2', 'discharge')}\n")
    kept, taken = folder.take, 0

    async def fails(arrival: Arrival) -> Taken:
        nonlocal taken
        taken += 1
        if taken == 2:
            raise StorageFailed("The database is away.")
        return await kept(arrival)

    folder.take = fails
    with pytest.raises(StorageFailed):
        await folder.look()
    assert folder.files() == ["a.csv", "a.csv.sha256"]
    assert await folder.look() == 1
    assert len(await folder.rows(Submission, Submission.id)) == 2


async def test_what_is_hidden_partial_or_a_link_is_not_touched(folder: Folder) -> None:
    for name in (".a.csv", "b.csv.part", "c d.csv.tmp", "e.tmp"):
        folder.put(name, f"{HEADER}\n{row('1')}\n")
    (folder.path / "secret.csv").symlink_to("/etc/hostname")
    (folder.path / "secret.csv.sha256").write_text("0" * 64)
    before = folder.files()
    await folder.look()
    assert folder.files() == before


async def test_a_folder_that_is_away_does_not_hold_up_another(folder: Folder, tmp_path: Path) -> None:
    away = Drop(organization="lantern", place=LocalPlace(tmp_path / "nowhere"))
    intake = DropIntake([away, folder.drop], ZONE, poll=0.01)
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n")
    task = asyncio.create_task(intake.run(folder.take))
    while not folder.files("done"):  # noqa: ASYNC110 - the intake tells nobody
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert folder.result("a.csv") == ["line,code", "2,taken"]


class Broken(LocalPlace):
    """A folder whose server answers what nobody foresaw."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked = 0

    async def entries(self) -> list[Entry]:
        self.asked += 1
        raise RuntimeError


async def test_a_folder_that_fails_in_a_way_nobody_foresaw_does_not_end_the_others(folder: Folder) -> None:
    broken = Broken(folder.path)
    intake = DropIntake([Drop(organization="lantern", place=broken), folder.drop], ZONE, poll=0.01)
    task = asyncio.create_task(intake.run(folder.take))
    while broken.asked < 2:  # noqa: ASYNC110 - the intake tells nobody
        await asyncio.sleep(0.01)
    folder.put("a.csv", f"{HEADER}\n{row('1')}\n")
    while not folder.files("done"):  # noqa: ASYNC110 - the intake tells nobody
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert folder.result("a.csv") == ["line,code", "2,taken"]


async def test_a_nul_in_any_cell_is_answered_in_the_result_whatever_the_database(
    migrated_url: str, tmp_path: Path
) -> None:
    """PostgreSQL takes none in a text: such a line is refused or settled, and never stops the file."""
    path = tmp_path / "drop"
    path.mkdir()
    columns = HEADER.split(",")[2:]
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        folder = Folder(scene, path, LocalPlace(path))
        lines = [row(f"r{number}", **{name: "a\0b"}) for number, name in enumerate(columns)]
        folder.put("a.csv", "\n".join([HEADER, row("r\0x"), row("r98", event="admit\0"), *lines, row("r99"), ""]))
        assert await folder.look() == 1
        assert folder.result("a.csv") == [
            *("line,code", "2,taken", "3,unknown-event", "4,bad-time", "5,bad-cin", "6,taken", "7,taken"),
            *("8,bad-birth-date", "9,taken", "10,unknown-setting", "11,taken", "12,taken"),
        ]

"""Exports: the rows of the log in four forms, harmless in a spreadsheet, signed, and nobody else's."""

import asyncio
import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pypdfium2
import pytest
from defusedxml import ElementTree
from sqlmodel import select

from hub.compliance import log
from hub.compliance.exports import forms, make
from hub.compliance.exports.forms import MOST_PDF_ROWS, Pdf, inert
from hub.compliance.exports.signed import Statement
from hub.compliance.exports.streams import Ask
from hub.compliance.exports.tables import TABLES
from hub.compliance.log import Wanted
from hub.crypto.checkpoint import open_checkpoint
from hub.errors import IntegrityFailed, Malformed, NotAvailable, TooLarge
from hub.inquiries import Asking, inquire
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from hub.storage.directory import Organization
from hub.storage.tables import Export, LedgerEntry
from tests.api import an_api
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.scenes import CIN, NAME, Scene, a_scene

FORMS = ("csv", "xlsx", "jsonl", "pdf")
ATTACK = '=HYPERLINK("https://evil.example","click")'


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as made:
        evil = Organization(id="lantern", name=ATTACK, roles=frozenset({"provider", "covered_entity"}))
        await made.hub.directory.put_organization(evil, by="county", at=made.hub.clock.now())
        await made.consent()
        for n in range(3):
            await made.submit(f"k{n}")
        await made.dispatch_all()
        await Sequencer(made.hub.database, made.hub.ring, made.hub.clock).finish()
        yield made


async def exported(scene: Scene, form: str, kind: str = "log", **wanted: Any) -> tuple[bytes, make.Made]:
    with tempfile.TemporaryFile() as out:
        made = await make.make(scene.hub, kind, form, Ask(Wanted(**wanted)), out, by="county/auditor")
        out.seek(0)
        return out.read(), made


def sheet(content: bytes) -> list[list[tuple[str, str]]]:
    """Type and text of each cell of the first sheet, as the format itself has them."""
    names = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        rows = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iterfind(".//x:row", names)
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml"), "no formula anywhere"
        return [[(cell.get("t", "n"), "".join(cell.itertext())) for cell in row] for row in rows]


async def test_each_form_has_every_row_of_the_log(scene: Scene) -> None:
    ids = [row["id"] for row in await log.page(scene.hub, Wanted())]
    table = list(csv.DictReader(io.StringIO((await exported(scene, "csv"))[0].decode("utf-8-sig"))))
    lines = [json.loads(line) for line in (await exported(scene, "jsonl"))[0].splitlines()]
    cells = sheet((await exported(scene, "xlsx"))[0])
    assert [row["id"] for row in table] == [row["id"] for row in lines] == [row[0][1] for row in cells[1:]] == ids
    assert lines[0]["bases"] == "consent"
    assert lines[0]["intended_at"].startswith("20")
    document = pypdfium2.PdfDocument((await exported(scene, "pdf"))[0])
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert all(row["address"].split("/")[2] in text.replace("\r\n", "") for row in lines)


async def test_no_form_calculates_what_somebody_wrote(scene: Scene) -> None:
    (row, *_) = csv.DictReader(io.StringIO((await exported(scene, "csv"))[0].decode("utf-8-sig")))
    assert row["recipient_name"] == "'" + ATTACK
    cells = sheet((await exported(scene, "xlsx"))[0])
    (attack,) = {cell for cell in cells[1] if "HYPERLINK" in cell[1]}
    assert attack == ("inlineStr", ATTACK), "a string, not a formula"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\uff1d"])
def test_whatever_a_spreadsheet_calculates_is_made_inert(start: str) -> None:
    assert inert(f"{start}1+1") == f"'{start}1+1"
    assert inert("Harbor-House = 1") == "Harbor-House = 1"


@pytest.mark.parametrize("form", FORMS)
async def test_each_export_is_signed_with_the_ledgers_head(scene: Scene, form: str) -> None:
    content, made = await exported(scene, form)
    keys = public_keys(scene.hub.ring)
    said = Statement.open(made.note, keys)
    said.check(hashlib.sha256(content).hexdigest())
    assert (said.kind, said.form, said.rows, said.scope) == ("log", form, 3, "all")
    head = open_checkpoint(made.checkpoint, keys)
    assert said.head.split()[0] == str(head.size)
    with pytest.raises(IntegrityFailed):
        said.check(hashlib.sha256(content + b"x").hexdigest())
    with pytest.raises(IntegrityFailed):
        Statement.open(made.note.replace("rows 3", "rows 4"), keys)


async def test_the_note_of_an_export_is_no_checkpoint_and_a_checkpoint_no_note(scene: Scene) -> None:
    _, made = await exported(scene, "csv")
    keys = public_keys(scene.hub.ring)
    with pytest.raises(Malformed):
        open_checkpoint(made.note, keys)
    with pytest.raises(Malformed):
        Statement.open(made.checkpoint, keys)


async def test_an_export_is_on_the_ledger_and_has_no_name_in_it(scene: Scene) -> None:
    content, made = await exported(scene, "jsonl", member=scene.member)
    rows = await scene.hub.database.query(
        select(LedgerEntry.kind, LedgerEntry.body).where(LedgerEntry.reference == made.id)
    )
    assert [row[0] for row in rows] == ["export.made", "access.viewed"]
    assert made.digest.encode() in rows[0][1]
    assert all(name.encode() not in content for name in NAME)


async def test_an_organization_exports_its_own_only(scene: Scene) -> None:
    for kind in ("log", "denied", "matters", "hhs"):
        content, made = await exported(scene, "jsonl", kind, organization="valley-clinic")
        assert (content, made.rows) == (b"", 0), kind


async def test_the_register_of_emergencies_is_exported_with_its_reviews(migrated_url: str) -> None:
    async with a_county(migrated_url) as scene:
        stated = {"kind": "emergency_disclosure", "emergency": EMERGENCY}
        await disclose(scene, "emergency-room", "medications", purpose="treatment", **stated)
        await scene.dispatch_all()
        content, made = await exported(scene, "jsonl", "emergencies", organization="harbor")
        (line,) = [json.loads(each) for each in content.splitlines()]
        assert (line["recipient"], line["review"], line["missing"]) == ("emergency-room", "open", "")
        assert b"Fennimore" not in content, "the record itself is opened one at a time"
        assert made.rows == 1
        assert (await exported(scene, "jsonl", "emergencies", organization="lantern"))[1].rows == 0


async def test_questions_about_a_person_are_exported_for_whom_they_were_put_to(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        with pytest.raises(NotAvailable):
            await inquire(scene.hub, "lantern", Asking(discloser="harbor", cin=CIN))
        content, _ = await exported(scene, "jsonl", "inquiries", organization="harbor")
        (line,) = [json.loads(each) for each in content.splitlines()]
        assert (line["requester"], line["outcome"]) == ("lantern", "refused")
        assert (await exported(scene, "jsonl", "inquiries", organization="lantern"))[1].rows == 0


async def test_a_pdf_has_a_limit_and_says_so(tmp_path: Any) -> None:
    paper = Pdf(io.BytesIO(), ("id",), "log", tmp_path)
    for _ in range(MOST_PDF_ROWS):
        paper.row(("x",))
    with pytest.raises(TooLarge):
        paper.row(("x",))


async def test_a_sheet_that_is_full_goes_on_in_the_next(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_SHEET_ROWS", 3)
    out = io.BytesIO()
    writer = forms.Xlsx(out, ("n",), "log", tmp_path)
    for n in range(5):
        writer.row((n,))
    writer.close()
    with zipfile.ZipFile(out) as book:
        assert [name for name in book.namelist() if "sheet" in name and name.startswith("xl/worksheets/sheet")] == [
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",
            "xl/worksheets/sheet3.xml",
        ]


async def test_exports_over_http_carry_digest_and_note_and_stay_within_the_organization(tmp_path: Any) -> None:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        staff, outside = await api.caller("harbor", "staff"), await api.caller("valley-clinic", "staff")
        for form in FORMS:
            answer = await staff("GET", f"/v1/exports/log.{form}?recipient=lantern")
            assert answer.status == 200, form
            assert answer.headers["Digest-SHA-256"] == hashlib.sha256(answer.body).hexdigest()
            note = answer.headers["Link"].partition(">")[0][1:]
            text = (await staff("GET", note)).body.decode()
            Statement.open(text, public_keys(scene.hub.ring)).check(answer.headers["Digest-SHA-256"])
            assert (await outside("GET", note)).status == 404
        assert (await outside("GET", "/v1/exports/log.jsonl")).body == b""
        accounting = f"/v1/exports/accounting.csv?member={scene.member}"
        assert (await staff("GET", accounting)).status == 200
        assert (await outside("GET", accounting)).status == 404
        assert (await staff("GET", "/v1/exports/views.csv")).status == 403
        assert (await staff("GET", "/v1/exports/log.exe")).status == 404
        assert (await staff("GET", "/v1/exports/log.csv?surprise=1")).status == 400
        assert (await (await api.caller("harbor"))("GET", "/v1/exports/log.csv")).status == 403


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_download_that_was_given_up_ends_and_leaves_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("hub.web.exports._LOOK_S", 0.01)
    (tmp_path / "temporary").mkdir()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(_hub: Any, _ask: Any) -> AsyncIterator[dict[str, Any]]:
        try:
            while True:
                yield {"id": "x"}
                begun.set()
                await asyncio.sleep(0)
        finally:
            ended.set()

    monkeypatch.setitem(TABLES, "log", (("id",), endless))
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        caller = await api.caller("county", "compliance")
        asking = asyncio.ensure_future(caller("GET", f"/v1/exports/log.{form}"))
        await begun.wait()
        asking.cancel()
        await asyncio.wait_for(ended.wait(), 10)
        for _ in range(200):
            if not any((tmp_path / "temporary").iterdir()):
                break
            await asyncio.sleep(0.01)
        assert list((tmp_path / "temporary").iterdir()) == []
        assert await scene.rows(Export.id) == []

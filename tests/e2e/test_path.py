"""A day's packets through real processes, in both shapes: what went in, what arrived, what is on the record."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.county import COUNSELING, INES, NORA, OTIS, SECRET, packet
from tests.e2e.shape import Done, Servers, Told, deployed

pytestmark = pytest.mark.slow
NOTICE = "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2)."
BIRTH_DATES = "1988-?04-?11|1979-?09-?30|1991-?02-?17"
"""Whole, for the digits of a year also stand in the fractions of a second."""
PERSONAL = re.compile(rf"Nora|Quill|Otis|Farrow|Ines|Marlow|{BIRTH_DATES}|{NORA}|{OTIS}|{INES}|forty milligrams")


class Day(NamedTuple):
    """What is left to look at when everything has stopped."""

    folder: Path
    states: dict[str, dict[str, dict[str, Any]]]
    disclosures: list[dict[str, Any]]
    told: Told
    verified: Done
    status: Done
    exits: list[int]
    envelopes: list[Any]
    faxes: dict[str, Any]


@pytest.fixture(scope="module")
def day(shape_of_the_day: Servers | None, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return asyncio.run(_played(shape_of_the_day, tmp_path_factory.mktemp("day")))


async def _played(servers: Servers | None, folder: Path) -> Day:
    async with deployed(folder, servers) as (hub, sender):
        both = {"summary": SECRET.encode(), "note": COUNSELING.encode()}
        handed = {
            "everybody": await sender.hand_in("1", packet("lantern", "sunrise", "greenleaf", "valley-clinic")),
            "counseling": await sender.hand_in("2", packet("sunrise", counseling=True), **both),
            "no consent": await sender.hand_in("3", packet("sunrise", cin=OTIS)),
            "not yours": await sender.hand_in("6", packet("sunrise", cin=INES)),
            "nobody": await sender.hand_in("4", packet("sunrise", cin="09999999Z")),
        }
        settled = await sender.settled(list(handed.values()))
        revoked = await sender.call("POST", "/v1/consents/c01/revoke", {"how": "written"})
        assert revoked.status == 204, revoked.body
        handed["revoked"] = await sender.hand_in("5", packet("sunrise"))
        settled |= await sender.settled([handed["revoked"]])
        disclosures = (await sender.call("GET", "/v1/disclosures?limit=50")).json
        status = await hub.command("status", "--json")
        exits = await hub.stop()
        return Day(
            folder=folder,
            states={name: {row["recipient"]: row for row in settled[each]} for name, each in handed.items()},
            disclosures=disclosures["items"],
            told=await hub.ledger(),
            verified=await hub.command("ledger", "verify"),
            status=status,
            exits=exits,
            envelopes=list(hub.around.plan.received),
            faxes=dict(hub.around.faxes["valley-clinic"].received),
        )


def attempt(day: Day, recipient: str) -> dict[str, Any]:
    (only,) = day.states["everybody"][recipient]["deliveries"]
    return only


def test_a_packet_reaches_every_recipient_by_its_own_channel_with_a_receipt(day: Day) -> None:
    rows = day.states["everybody"]
    assert {name: row["state"] for name, row in rows.items()} == dict.fromkeys(rows, "delivered")
    channels = {name: (attempt(day, name)["channel"], attempt(day, name)["receipt"]["kind"]) for name in rows}
    assert channels == {
        "lantern": ("email", "smtp-250"),
        "sunrise": ("api", "signed-ack"),
        "greenleaf": ("api", "signed-ack"),
        "valley-clinic": ("fax", "fax-spooled"),
    }


def test_the_clinic_reads_the_document_and_the_notice(day: Day) -> None:
    (document,) = (day.folder / "received" / "clinic").glob("*-document-1.txt")
    (mail,) = set((day.folder / "received" / "clinic").glob("*.txt")) - {document}
    assert NOTICE in " ".join(mail.read_text().split())
    assert SECRET in document.read_text()


def test_the_mail_opens_with_the_openssl_command_line_and_says_nothing_outside(day: Day) -> None:
    (mail,) = (day.folder / "received" / "clinic").glob("*.p7m.eml")
    keys, opened, verified = day.folder / "keys", day.folder / "opened", day.folder / "verified"
    _openssl(
        "-decrypt", "-in", mail, "-recip", keys / "clinic-mail.crt", "-inkey", keys / "clinic-mail.key", "-out", opened
    )
    _openssl("-verify", "-in", opened, "-CAfile", keys / "ca.crt", "-purpose", "smimesign", "-out", verified)
    assert b"Quill" in verified.read_bytes()
    assert not PERSONAL.search(mail.read_text())


def test_the_plan_opens_the_sealed_envelope_and_the_other_one_reads_the_fhir_message(day: Day) -> None:
    sealed = [each for each in day.envelopes if not isinstance(each, dict)]
    messages = [each for each in day.envelopes if isinstance(each, dict)]
    assert {document.content.decode() for envelope in sealed for document in envelope.documents} == {SECRET}
    assert [message["entry"][0]["resource"]["resourceType"] for message in messages] == ["MessageHeader"]


def test_the_fax_machine_prints_a_cover_and_the_document(day: Day) -> None:
    (fax,) = day.faxes.values()
    assert fax.reference == attempt(day, "valley-clinic")["id"]
    assert len(fax.pages) >= 2


def test_the_counseling_note_stays_and_the_rest_goes(day: Day) -> None:
    row = day.states["counseling"]["sunrise"]
    assert (row["state"], row["decisions"][-1]["outcome"]) == ("delivered", "partial")
    arrived = "".join(path.read_text(errors="replace") for path in (day.folder / "received" / "plan").glob("*"))
    assert SECRET in arrived
    assert COUNSELING not in arrived


@pytest.mark.parametrize("name", ["no consent", "not yours", "nobody", "revoked"])
def test_without_a_consent_nothing_leaves(day: Day, name: str) -> None:
    row = day.states[name]["sunrise"]
    assert (row["state"], row["deliveries"]) == ("withheld", [])


def test_somebody_elses_patient_and_nobody_at_all_look_the_same(day: Day) -> None:
    shown = [_shape(day.states[name]["sunrise"]) for name in ("not yours", "nobody")]
    assert shown[0] == shown[1]


def test_every_delivery_is_a_disclosure_on_the_record_and_nothing_else_is(day: Day) -> None:
    made = sorted((each["recipient"], each["state"]) for each in day.disclosures)
    recipients = ["greenleaf", "lantern", "sunrise", "sunrise", "valley-clinic"]
    assert made == [(recipient, "disclosed") for recipient in recipients]
    assert {len(attempts) for attempts in day.told.intents.values()} == {1}
    assert list(day.told.outcomes.values()) == [["delivered"]] * 5


def test_the_ledger_verifies_and_nothing_waits_for_a_person(day: Day) -> None:
    assert day.verified.code == 0
    found = json.loads(day.status.out)
    assert (found["queue"].get("delivered"), found["trouble"]) == (5, [])


def test_every_process_stops_when_told(day: Day) -> None:
    assert set(day.exits) == {0}


def test_the_logs_say_nothing_about_a_person(day: Day) -> None:
    log = (day.folder / "log").read_text()
    assert '"serving"' in log
    assert not PERSONAL.search(log)
    assert "Traceback" not in log


def _shape(row: dict[str, Any]) -> Any:
    return {name: value for name, value in row.items() if name not in ("outbox", "due_at")} | {
        "decisions": [{**each, "id": "", "at": 0} for each in row["decisions"]]
    }


def _openssl(*arguments: object) -> None:
    command = ["openssl", "cms", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr

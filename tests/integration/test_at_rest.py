"""After a full run, what is on the disk, in Redis and in the log says nothing about a person."""

import io
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog
from redis import Redis

from hub import telemetry
from hub.arrivals import Arrival, ArrivedPacket
from hub.compliance import complaints
from hub.compliance.complaints import Complaint
from hub.desk import notes
from hub.inbound.keep import keep
from hub.inbound.reception import settle_taken
from hub.model import MemberIdentity, MessageKind, Unknown
from hub.people import accounts, lockout
from hub.storage import consents
from hub.workers.redis_signals import RedisSignals
from tests.outsides import record
from tests.scenes import BORN, CIN, NAME, SECRET, Scene, a_scene

PERSONAL = [
    *NAME,
    CIN,
    BORN,
    BORN.replace("-", ""),
    SECRET,
    SECRET.split()[0] + " lowered",
    "555-0142",
    "Overdose at home",
    "Told the neighbours",
    "Call her sister",
    "officer@county.example",
    "Ofelia Officer",
]


async def a_full_run(scene: Scene) -> None:
    """Delivered, withheld, unknown, an emergency, a revocation: every table of the path has rows."""
    first = await scene.consent()
    await scene.submit("a", items=({"information": "assessment"}, {"information": "counseling_notes"}))
    await scene.dispatch_all()
    scene.channel.answers.append(Unknown(code="time-out"))
    await scene.submit("b")
    await scene.dispatch_all()
    await consents.revoke(scene.hub, first, how="oral", by="harbor")
    await scene.submit("c")
    emergency = {
        "determined_by": "clinician",
        "determined_by_name": f"Dr. {NAME[1]}",
        "consent": "unobtainable",
        "recipient_name": f"Nurse {NAME[0]}",
        "recipient_facility": "Valley Clinic",
        "discloser_name": f"Counselor {NAME[1]}",
        "nature": "Overdose at home",
    }
    await scene.submit("d", kind="emergency_disclosure", recipients=("valley-clinic",), emergency=emergency)
    await scene.dispatch_all()
    told = {"told": SECRET, "discloser_name": f"Counselor {NAME[1]}", "recipient_person": f"Nurse {NAME[0]}"}
    somebody = {"name": f"Aunt {NAME[1]}", "organization": "Told the neighbours", "address": "Call her sister"}
    await record(scene, key="e", somebody=somebody, purpose="family_information", **told)
    await what_people_and_strangers_wrote(scene)


async def what_people_and_strangers_wrote(scene: Scene) -> None:
    """An arrival of each end, a complaint, a note on work, an account and a failed try to sign in."""
    hub = scene.hub
    for number, family in enumerate((NAME[1], "Else")):
        person = MemberIdentity(given=NAME[0], family=family, born=BORN, cin=CIN)
        packet = ArrivedPacket(kind=MessageKind.ADMIT_NOTICE, purpose="treatment", person=person, documents=())
        raw = f"{NAME[1]} {CIN} {SECRET} {number}".encode()
        key = f"{NAME[1]} {number}"
        arrival = Arrival(channel="mllp", key=key, raw=raw, media_type="x/y", organization="harbor", content=packet)
        await keep(hub, arrival)
    await settle_taken(hub)
    said = f"Told the neighbours about {NAME[1]}"
    complaint = Complaint(received_at=datetime.now(UTC), what=said, who=NAME[0], member=scene.member)
    matter = await complaints.complain(hub, complaint, "harbor", by="harbor/desk")
    await notes.add(hub, matter, "Call her sister", by="harbor/desk")
    email = "officer@county.example"
    await accounts.add(
        hub, email=email, name="Ofelia Officer", roles=("privacy",), organizations=("harbor",), by="harbor/x"
    )
    await lockout.failed(hub, email, "")


def found_in(raw: bytes) -> list[str]:
    forms = {
        text: {text.encode(), text.lower().encode(), text.upper().encode(), text.encode("utf-16-le")}
        for text in PERSONAL
    }
    return [text for text, spellings in forms.items() if any(spelling in raw for spelling in spellings)]


async def test_the_database_files_hold_no_name_number_birth_date_or_text(tmp_path, monkeypatch):
    log = io.StringIO()
    telemetry.configure_log()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(log), cache_logger_on_first_use=False)
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        await a_full_run(scene)
        assert len(scene.channel.received) >= 2
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert any(name.endswith("-wal") for name in files)
    assert sum(map(len, files.values())) > 100_000
    assert {name: found_in(raw) for name, raw in files.items()} == {name: [] for name in files}
    assert found_in(log.getvalue().encode()) == []


async def test_postgresql_and_its_write_ahead_log_hold_nothing_personal(postgres_url):
    async with a_scene(postgres_url) as scene:
        await a_full_run(scene)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CHECKPOINT")
    folder = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    raw = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert len(raw) > 1_000_000
    assert found_in(raw) == []


async def test_redis_holds_nothing_personal(redis_url, tmp_path):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        object.__setattr__(scene.hub, "signals", RedisSignals(redis_url))
        await a_full_run(scene)
        await scene.hub.signals.allow("token-1", 5, 60)
        await scene.hub.signals.close()
    redis = Redis.from_url(redis_url)
    keys = redis.keys("*")
    dump = b"".join(key + (redis.dump(key) or b"") for key in keys)
    redis.close()
    assert keys
    assert found_in(dump) == []

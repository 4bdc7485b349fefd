"""After a full run, what is on the disk, in Redis and in the log says nothing about a person."""

import io
from pathlib import Path

import asyncpg
import structlog
from redis import Redis

from hub import telemetry
from hub.model import Unknown
from hub.redis_signals import RedisSignals
from hub.storage import consents
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

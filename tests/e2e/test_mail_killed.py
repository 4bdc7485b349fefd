"""A hub killed while mail comes in: Postfix keeps what had no answer, and each mail becomes one submission."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.conftest import missing
from tests.direct_town import (
    CLINIC,
    HUB,
    NURSE,
    Community,
    Openssl,
    a_mail_hub,
    an_inbox,
    environment,
    packet,
    post,
    settle_in,
    until,
)
from tests.postfix import postfix
from tests.servers import MissingServerError, free_port

pytestmark = pytest.mark.timeout(180)
MAILS = 24


@contextlib.contextmanager
def a_process(environ: dict[str, str]) -> Iterator[None]:
    """`part2hub serve` as a supervisor starts it."""
    with Path(os.devnull).open("wb") as nowhere:
        env = {"PATH": os.environ["PATH"], **environ}
        process = forks.start("hub", "serve", env=env, out=nowhere, err=nowhere)
        try:
            yield
        finally:
            process.kill()
            process.wait()


async def test_mail_in_the_middle_of_a_kill_is_delivered_once(tmp_path: Path) -> None:
    lmtp, community = free_port(), Community()
    community.write(tmp_path / "keys")
    openssl = Openssl(tmp_path / "keys", tmp_path)
    async with an_inbox() as inbox:
        to = {HUB: f"lmtp:inet:127.0.0.1:{lmtp}", CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}
        try:
            with postfix(to) as relay:
                environ = environment(tmp_path / "hub", relay, lmtp) | {"HUB_LISTEN": f"127.0.0.1:{free_port()}"}
                pem = community.clinic.pem
                async with a_mail_hub(environ, community, ()) as hub:
                    await settle_in(hub, ("harbor", NURSE, pem), ("lantern", f"lantern@{CLINIC}", pem))
                with a_process(environ):
                    for number in range(MAILS):
                        await post(relay, openssl.sealed(packet(f"k{number}")))

                    async def some_have_come() -> bool:
                        return len(arrivals(tmp_path)) >= MAILS // 4

                    await until(some_have_come)  # and then it is killed
                a_minute_passes(tmp_path)
                with a_process(environ):

                    async def everything_said() -> bool:
                        if not told(tmp_path) == settled(tmp_path) == MAILS:
                            return False
                        return len({message_id(openssl.opened(mail)) for mail in inbox.mails} - {b""}) == MAILS

                    await until(everything_said)
        except MissingServerError as error:
            missing(error)
    assert len(arrivals(tmp_path)) == MAILS
    assert len(set(arrivals(tmp_path))) == MAILS, "each became a submission of its own"


def message_id(notice: bytes) -> bytes:
    """What a notice answers; packets for Lantern come to the same mail server, and have no such line."""
    return notice.partition(b"Original-Message-ID: ")[2].partition(b"\n")[0]


def arrivals(folder: Path) -> list[str | None]:
    return [row[0] for row in _query(folder, "SELECT reference FROM inbound WHERE channel = 'email'")]


def a_minute_passes(folder: Path) -> None:
    """For the notices that the killed process was about to send: they are nobody else's until then."""
    with contextlib.closing(sqlite3.connect(folder / "hub" / "hub.sqlite")) as database, database:
        database.execute("UPDATE acknowledgement SET due_at = 0 WHERE state = 'queued'")


def told(folder: Path) -> int:
    return len(_query(folder, "SELECT 1 FROM acknowledgement WHERE state = 'sent'"))


def settled(folder: Path) -> int:
    return len(_query(folder, "SELECT 1 FROM inbound WHERE state = 'submitted'"))


def _query(folder: Path, sql: str) -> list[tuple[str | None]]:
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'hub' / 'hub.sqlite'}?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchall()

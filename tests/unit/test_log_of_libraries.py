"""What libraries log stands in the hub's log in the hub's form, and never in their own words."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hub.telemetry import configure_log


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, written = list(root.handlers), io.StringIO()
    configure_log(to=written)
    yield written
    root.handlers[:] = before
    structlog.reset_defaults()


def told(log: io.StringIO) -> list[tuple[str, str, str]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [(line["event"], line["level"], line["code"]) for line in lines]


def test_a_library_is_named_with_its_error_and_without_its_words_or_its_trace(log: io.StringIO) -> None:
    error = ConnectionRefusedError("row of Nora Quill, 01234567A")
    logging.getLogger("asyncpg.pool").error("Failed for %s", "Nora Quill", exc_info=error)
    logging.getLogger("mail.log").warning("RCPT Nora Quill")
    logging.getLogger("asyncssh").info("Connection from Nora Quill")
    assert told(log) == [
        ("a library complains", "error", "asyncpg.pool:ConnectionRefusedError"),
        ("a library complains", "warning", "mail.log"),
    ]


def test_a_log_that_is_configured_twice_tells_once(log: io.StringIO) -> None:
    configure_log(to=log)
    logging.getLogger("asyncssh").error("Nora Quill")
    assert len(told(log)) == 1


async def test_a_task_that_fails_unheard_is_told_by_its_error_alone(log: io.StringIO) -> None:
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "Nora Quill", "exception": ValueError("Nora Quill")})
    assert told(log) == [("a library complains", "error", "asyncio:ValueError")]

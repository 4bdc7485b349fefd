"""Hostile and damaged words of fax servers, providers and callers: each is an answer of ours, and nothing fails."""

import asyncio
import base64
import contextlib
import io
import json
import random
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey
from PIL import Image

from adapters.fax.callresult import ended
from adapters.fax.cloud import sinch, telnyx
from adapters.fax.cloud.inbox import SinchInbox, TelnyxInbox
from adapters.fax.cloud.provider import NoReplyError, Reply
from adapters.fax.cloud.reports import SinchReports, TelnyxReports
from adapters.fax.cloud.sinch import Sinch, SinchAccount
from adapters.fax.cloud.telnyx import Telnyx, TelnyxAccount
from adapters.fax.hfaxd import Session, failures
from adapters.fax.inbox import ReceivedFax
from adapters.fax.transport import JobStatus
from hub.errors import Malformed, NotAvailable, Unauthorized
from hub.inbound import pictures
from hub.model import Deferred, Refused, Report, Unknown
from tests.integration.test_inbound_fax import a_fax

AT = 1_793_000_000_000_000
KEY = SigningKey.generate()
TELNYX_REPORTS = TelnyxReports(base64.b64encode(bytes(KEY.verify_key)).decode())
SINCH_REPORTS = SinchReports("hub", "a-long-password-x")
BASIC = "Basic " + base64.b64encode(b"hub:a-long-password-x").decode()

WORDS = st.sampled_from(("id", "x", "delivered", "failed", "COMPLETED", "FAILURE", "user_busy", "busy", "../y", ""))
NAMES = (
    "data", "payload", "id", "fax_id", "event_type", "fax", "faxes", "status", "labels", "reference", "client_state",
    "failure_reason", "page_count", "pagesSentSuccessfully", "price", "amount", "errorMessage", "errorType",
    "media_name", "direction", "from", "numberOfPages", "access_token", "expires_in", "remote_station_id", "media_url",
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)),
    max_leaves=12,
)


class Log:
    async def ended(self, _provider: str, _job: str) -> bool:
        return True


HEADERS = st.dictionaries(
    st.sampled_from(("telnyx-timestamp", "telnyx-signature-ed25519", "Authorization")),
    st.one_of(st.text(max_size=20), st.just("9" * 5000), st.just("\udcff"), st.just(BASIC)),
)


@given(HEADERS, st.binary(max_size=60))
def test_what_anybody_reports_is_refused(headers: dict[str, str], body: bytes) -> None:
    for reports in (TELNYX_REPORTS, SINCH_REPORTS):
        with pytest.raises((Unauthorized, Malformed)):
            reports.read(headers, body, AT)


def signed(body: bytes) -> dict[str, str]:
    stamp = str(AT // 1_000_000)
    made = base64.b64encode(KEY.sign(f"{stamp}|".encode() + body).signature).decode()
    return {"telnyx-timestamp": stamp, "telnyx-signature-ed25519": made, "Authorization": BASIC}


@given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.just(b"[" * 100_000), st.binary(max_size=9)))
def test_what_the_provider_reports_is_a_report_or_refused(body: bytes) -> None:
    for reports in (TELNYX_REPORTS, SINCH_REPORTS):
        with contextlib.suppress(Malformed):
            assert isinstance(reports.read(signed(body), body, AT), Report)


class Answers:
    """A provider's HTTP API that answers anything."""

    def __init__(self, replies: list[Reply | None]) -> None:
        self.replies = replies

    async def ask(self, *_request: Any, **_options: Any) -> Reply:
        reply = self.replies.pop(0) if self.replies else None
        if reply is None:
            raise NoReplyError(began=len(self.replies) % 2 == 0)
        return reply

    async def close(self) -> None: ...


REPLIES = st.lists(
    st.one_of(st.none(), st.builds(Reply, st.sampled_from((200, 201, 400, 401, 404, 429, 500)), JSON)), max_size=5
)


@given(REPLIES, st.booleans())
@settings(max_examples=60)
def test_whatever_a_provider_answers_is_an_outcome(replies: list[Reply | None], token: bool) -> None:
    asyncio.run(exchanged(replies, token=token))


async def exchanged(replies: list[Reply | None], *, token: bool) -> None:
    account = SinchAccount("p", "k", "s", "+1", token_url="https://auth.example" if token else "")
    made: list[Sinch | Telnyx] = [Sinch(account, Log()), Telnyx(TelnyxAccount("k", "c", "+1"), Log())]
    for provider in made:
        answers: Any = Answers([])
        provider._client = answers
        if isinstance(provider, Sinch) and provider._seller:
            provider._seller = answers
        inbox = SinchInbox(provider) if isinstance(provider, Sinch) else TelnyxInbox(provider)
        answers.replies = list(replies) * 2
        assert isinstance(await provider.submit("+1", b"tiff", "tag"), str | Deferred | Refused | Unknown)
        answers.replies = list(replies) * 2
        assert isinstance(await provider.status("job"), JobStatus | None)
        answers.replies = list(replies) * 2
        await provider.forget("job")
        answers.replies = list(replies) * 2
        with contextlib.suppress(*inbox.failures):
            assert all(isinstance(each, ReceivedFax) for each in await inbox.waiting())


@given(JSON)
def test_however_a_provider_describes_a_fax_it_has_a_status(fax: Any) -> None:
    if isinstance(fax, dict):
        assert isinstance(sinch.told(fax), JobStatus)
        assert isinstance(telnyx.told(fax), JobStatus)


REPLY_LINES = (
    b"220 localhost server ready.", b"230 User logged in.", b"331 Password required.", b"200 Format set.",
    b"227 Entering passive mode (127,0,0,1,%d,%d)", b"227 Entering passive mode (127,0,0,1,999,999)",
    b"229 Entering Extended Passive Mode (|||%d|)", b"229 Entering Extended Passive Mode (|||99999|)",
    b"150 Opening new data connection (FILE: /tmp/doc1)", b"226 Transfer complete (FILE: tmp/doc1).",
    b"200 New job created: jobid: 7 groupid: 7.", b"550 No such file.", b"421 Going away.", b"200-more",
    b"200 " + b"9" * 5000, b"", b"\xff\xfe\x00", b"999999999", b"226",
)  # fmt: skip
ROWS = (
    b"7\x1fS\x1f1:2\x1f99\r\nfax00001.tif\x1f \x1f2\x1f707\r\n\xff\x1f\x1f\x1f\r\nstate:7\r\nnpages:"
    + b"9" * 5000
    + b"\r\n"
)


@contextlib.contextmanager
def babbling(seed: int) -> Iterator[int]:
    """A server on the port that answers each line with some reply, and each data connection with some rows."""
    chance, data = random.Random(seed), socket.create_server(("127.0.0.1", 0))
    control = socket.create_server(("127.0.0.1", 0))
    data.settimeout(2)
    control.settimeout(5)
    high, low = divmod(data.getsockname()[1], 256)

    def reply() -> bytes:
        line = chance.choice(REPLY_LINES)
        if line.count(b"%d") == 2:
            line %= (high, low)
        elif b"%d" in line:
            line %= high * 256 + low
        return line + b"\r\n"

    def serve_data() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = data.accept()
                with peer:
                    peer.sendall(ROWS[: chance.randrange(len(ROWS))])

    def serve() -> None:
        with contextlib.suppress(OSError):
            peer, _ = control.accept()
            with peer:
                peer.settimeout(2)
                peer.sendall(REPLY_LINES[0] + b"\r\n")
                while peer.recv(4096):
                    peer.sendall(reply())

    threads = [threading.Thread(target=each, daemon=True) for each in (serve, serve_data)]
    for each in threads:
        each.start()
    try:
        yield control.getsockname()[1]
    finally:
        control.close()
        data.close()


@pytest.mark.parametrize("seed", range(60))
def test_a_fax_server_that_babbles_ends_in_an_answer_or_a_failure(seed: int) -> None:
    with (
        babbling(seed) as port,
        contextlib.suppress(*failures),
        Session("127.0.0.1", port, "hub", "secret", 0.5) as session,
    ):
        acts = (
            session.waiting, session.received, lambda: session.find("tag"), lambda: ended(session, "7"),
            lambda: session.store(b"tiff"), lambda: session.fetch("fax1.tif"), lambda: session.new_job("d", {"X": 1}),
        )  # fmt: skip
        for act in random.Random(seed).sample(acts, len(acts)):
            act()


def a_pdf() -> bytes:
    out = io.BytesIO()
    Image.new("1", (200, 200), 1).save(out, "PDF")
    return out.getvalue()


@pytest.mark.parametrize(("whole", "kind"), [(a_fax(), "image/tiff"), (a_pdf(), "application/pdf")])
def test_a_damaged_fax_that_came_in_is_drawn_or_told_to_be_unreadable(whole: bytes, kind: str) -> None:
    chance = random.Random(4)
    for _ in range(80):
        found = bytearray(whole)
        for _ in range(chance.choice((1, 2, 6))):
            # most of a fax is its pages; what leads a reader astray is in its first and last bytes
            reach = chance.choice((len(found), 64, -300))
            found[chance.randrange(reach) if reach > 0 else -1 - chance.randrange(-reach)] = chance.randrange(256)
        damaged = bytes(found[: chance.choice((len(found), chance.randrange(1, len(found))))])
        assert pictures.count(damaged, kind) in (None, *range(401))
        with contextlib.suppress(NotAvailable):
            assert pictures.page(damaged, kind, 1).startswith(b"\x89PNG")


def test_a_fax_that_says_it_has_a_million_dots_to_the_inch_is_told_to_be_unreadable() -> None:
    out = io.BytesIO()
    Image.new("1", (1728, 2200), 1).save(out, "TIFF", compression="group4", dpi=(1_000_000, 1))
    with pytest.raises(NotAvailable):
        pictures.page(out.getvalue(), "image/tiff", 1)

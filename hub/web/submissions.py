"""Submissions over HTTP: the manifest and its documents in one body, handed to the one data path."""

import hashlib
from collections.abc import Mapping

import msgspec
from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from hub import exchange, views
from hub.context import Hub
from hub.errors import Malformed, Unauthorized, Unsupported
from hub.intake import MAX_ITEMS, MAX_SUBMISSION_BYTES, read_manifest
from hub.manifest import Handed
from hub.storage import submissions
from hub.storage.tables import Submission
from hub.storage.tokens import Principal, Role
from hub.turns import next_turn
from hub.waiting import withdrawal
from hub.web import signed
from hub.web.access import ANYONE, HUB, Route, note_view, who_calls
from hub.web.body import check_key, decode_members, json_response, read_body
from hub.web.multipart import boundary_of, split
from hub.web.paging import page_of

PATH = "/v1/submissions"
HANDERS_IN: tuple[Role, ...] = ("sender", "staff")
_MANIFEST, _DOCUMENTS = "manifest", "documents"
_encode = msgspec.json.Encoder().encode
_ROOM = 64 * 1024
"""Besides the documents: the manifest and part headers."""


async def hand_in(request: web.Request) -> web.Response:
    """`POST /v1/submissions`: 202 with the id once it is durable, decided, sealed and queued."""
    key, content_type = request.headers.get("Idempotency-Key", ""), request.headers.get("Content-Type", "")
    check_key(key)
    limit = MAX_SUBMISSION_BYTES if _boundary(content_type) else MAX_SUBMISSION_BYTES * 4 // 3
    body = await read_body(request, limit + _ROOM)
    proved = await signed.check(request, body)
    taking = take(request.app[HUB], who_calls(request), key, content_type, body, proved=proved)
    del body
    return taken(await taking)


async def take(hub: Hub, who: Principal, key: str, content_type: str, body: bytes, *, proved: bool = False) -> str:
    """The id of a submission handed in as these headers and this body, `proved` by a signature if it has to be.

    Raises `Unauthorized`, and as `exchange.submit` does.
    """
    if who.signers and not proved:
        raise Unauthorized("Your organization signs what it hands in; this is not signed.", code="signature-absent")
    check_key(key)
    raw, documents = _parts(content_type, body)
    del body  # its parts are copies, and stay until they are committed
    manifest = read_manifest(raw)
    await next_turn()
    digests = {name: hashlib.sha256(content).digest() for name, content in documents.items()}
    handed = Handed(
        sender=who.organization,
        key=key,
        manifest=manifest,
        documents=documents,
        body_digest=_digest(raw, digests),
        digests=digests,
        by=who.by,
    )
    return await exchange.submit(hub, handed)


def taken(submission: str) -> web.Response:
    """The answer: where to ask what becomes of it."""
    response = web.Response(status=202, body=told(submission), content_type="application/json")
    response.headers["Location"] = place(submission)
    return response


def place(submission: str) -> str:
    """Where to ask."""
    return f"{PATH}/{submission}"


def told(submission: str) -> bytes:
    """The body of the answer."""
    return _encode({"id": submission, "status": place(submission)})


async def status(request: web.Request) -> web.Response:
    """`GET /v1/submissions/{id}`: what became of it, for its sender and for whom it reached."""
    who = who_calls(request)
    hub, submission = request.app[HUB], request.match_info["id"]
    view = await views.submission(hub, submission, who.organization)
    stored = await submissions.read(hub.database, submission)
    if stored is not None and stored.member is not None:
        await note_view(hub, who, "submission", stored.member, submission)
    return json_response(view if who.role != "sender" else _without_reasons(view))


async def withdraw(request: web.Request) -> web.Response:
    """`POST /v1/submissions/{id}/withdraw`: take back what of it has not left; 409 if all of it has."""
    who = who_calls(request)
    became = await withdrawal.withdraw(
        request.app[HUB], request.match_info["id"], organization=who.organization, by=who.by
    )
    return json_response(became._asdict())


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/submissions`: those the caller's organization handed in, newest first."""
    who, page = who_calls(request), page_of(request)
    names = ("id", "kind", "purpose", "priority", "created_at")
    statement = select(*(col(getattr(Submission, name)) for name in names))
    own = (col(Submission.sender) == who.organization, col(Submission.kind).not_in(submissions.RECORDS))
    statement = statement.where(*own).order_by(col(Submission.id).desc())
    if page.before is not None:
        statement = statement.where(col(Submission.id) < page.before)
    rows = await request.app[HUB].database.query(statement.limit(page.limit))
    return json_response(page.of([dict(zip(names, row, strict=True)) for row in rows]))


ROUTES = (
    Route("POST", PATH, hand_in, HANDERS_IN),
    Route("GET", PATH, listing, ANYONE),
    Route("GET", f"{PATH}/{{id}}", status, ANYONE),
    Route("POST", f"{PATH}/{{id}}/withdraw", withdraw, HANDERS_IN),
)


def _boundary(content_type: str) -> bytes | None:
    """Of a multipart body; none for JSON. Raises `Unsupported` for anything else."""
    boundary = boundary_of(content_type)
    if boundary is None and content_type.partition(";")[0].strip().lower() != "application/json":
        raise Unsupported("A submission is multipart/form-data or application/json.")
    return boundary


def _parts(content_type: str, body: bytes) -> tuple[bytes, Mapping[str, bytes]]:
    boundary = _boundary(content_type)
    if boundary is None:
        return _lean(body)
    documents = split(body, boundary, MAX_ITEMS + 1)
    manifest = documents.pop(_MANIFEST, None)
    if manifest is None:
        raise Malformed("A part named manifest is needed.", field=_MANIFEST)
    return manifest, documents


def _lean(body: bytes) -> tuple[bytes, dict[str, bytes]]:
    """For systems without multipart: the manifest, and documents as base64."""
    parts = decode_members(body, msgspec.Raw, MAX_ITEMS)
    if parts.keys() != {_MANIFEST, _DOCUMENTS}:
        raise Malformed("The body does not follow the format.", field="$")
    return bytes(parts[_MANIFEST]), decode_members(parts[_DOCUMENTS], bytes, MAX_ITEMS, f"$.{_DOCUMENTS}")


def _digest(manifest: bytes, digests: Mapping[str, bytes]) -> bytes:
    """Of what was said, not of how it was wrapped: a repeat may choose another boundary."""
    digest = hashlib.sha256(manifest)
    for name in sorted(digests):
        word = name.encode()
        digest.update(b"%d:%b%b" % (len(word), word, digests[name]))
    return digest.digest()


def _without_reasons(view: dict[str, object]) -> dict[str, object]:
    """An organization's system learns the outcome; why is for its people."""
    shown = ("id", "at", "phase", "outcome", "hold")
    recipients = view["recipients"]
    assert isinstance(recipients, list)
    for recipient in recipients:
        recipient["decisions"] = [{name: d[name] for name in shown} for d in recipient["decisions"]]
    return view

"""What an envelope holds, and how each version of the format writes it down (ENVELOPE.md).

    v1 = canonical JSON: the fields of `Content`, documents as base64 among them
    v2 = canonical JSON of the same fields, each document with its size in place of its bytes, LF, the documents' bytes

`read_first` stands before any record in both, so that whoever looks at the raw bytes meets the notice and the consent
copy first (§2.32). Reading is strict: what does not encode to the same bytes again is refused.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from adapters.accompaniment import cover_text
from hub.model import (
    Accompaniment,
    Correspondent,
    Document,
    Event,
    Frozen,
    MemberIdentity,
    MessageKind,
    Parcel,
    Priority,
)


class _Cover(Frozen, frozen=True):
    """All but the documents. Instants are microseconds since the epoch."""

    version: str
    read_first: str
    delivery: str
    disclosure: str
    endpoint: str
    signed_by: str
    """Key id of the HTTP signature that must cover this envelope."""
    kind: MessageKind
    priority: Priority
    created_at: int
    sender: Correspondent
    recipient: Correspondent
    accompaniment: Accompaniment
    member: MemberIdentity
    event: Event | None


class Content(_Cover, frozen=True):
    """What is sealed."""

    documents: tuple[Document, ...]


class _Listed(Frozen, frozen=True):
    """A document in a head; its bytes follow the head, in the order of the list."""

    id: str
    title: str
    information: str
    media_type: str
    size: Annotated[int, msgspec.Meta(ge=0)]


class _Head(_Cover, frozen=True):
    documents: tuple[_Listed, ...]


class Version(NamedTuple):
    """One version of the format."""

    name: str
    label: bytes
    """How an envelope of this version begins."""
    media_type: str
    write: Callable[[Parcel, str], bytes]
    """The content for a parcel and the key id of the signature."""
    read: Callable[[bytes], Content]
    """Raises `ValueError` or `RecursionError` for what is not exactly as `write` makes it."""


_C = TypeVar("_C", Content, _Head)
_encode = msgspec.json.Encoder().encode
_decode_content = msgspec.json.Decoder(Content).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def _write_1(parcel: Parcel, key_id: str) -> bytes:
    return _encode(_filled(Content, V1, parcel, key_id, parcel.documents))


def _read_1(plain: bytes) -> Content:
    content = _decode_content(plain)
    if _encode(content) != plain:
        raise ValueError
    return content


def _write_2(parcel: Parcel, key_id: str) -> bytes:
    listed = tuple(
        _Listed(id=d.id, title=d.title, information=d.information, media_type=d.media_type, size=len(d.content))
        for d in parcel.documents
    )
    head = _encode(_filled(_Head, V2, parcel, key_id, listed))
    return b"".join((head, b"\n", *(document.content for document in parcel.documents)))


def _read_2(plain: bytes) -> Content:
    # JSON escapes the line feeds of its texts, so the first one ends the head.
    written, ended, rest = plain.partition(b"\n")
    head = _decode_head(written)
    if not ended or _encode(head) != written or sum(listed.size for listed in head.documents) != len(rest):
        raise ValueError
    ends = accumulate(listed.size for listed in head.documents)
    documents = tuple(
        Document(
            id=d.id,
            title=d.title,
            information=d.information,
            media_type=d.media_type,
            content=rest[end - d.size : end],
        )
        for d, end in zip(head.documents, ends, strict=True)
    )
    return Content(**{**msgspec.structs.asdict(head), "documents": documents})


def _filled(kind: type[_C], version: Version, parcel: Parcel, key_id: str, documents: tuple[Any, ...]) -> _C:
    return kind(
        version=version.name,
        read_first=cover_text(parcel),
        delivery=parcel.delivery,
        disclosure=parcel.disclosure,
        endpoint=parcel.endpoint.id,
        signed_by=key_id,
        kind=parcel.kind,
        priority=parcel.priority,
        created_at=parcel.created_at,
        sender=parcel.sender,
        recipient=parcel.recipient,
        accompaniment=parcel.accompaniment,
        member=parcel.member,
        event=parcel.event,
        documents=documents,
    )


V1 = Version(
    "part2hub/envelope/v1", b"part2hub/envelope/v1\n", "application/vnd.part2hub.envelope.v1", _write_1, _read_1
)
V2 = Version(
    "part2hub/envelope/v2", b"part2hub/envelope/v2\n", "application/vnd.part2hub.envelope.v2", _write_2, _read_2
)

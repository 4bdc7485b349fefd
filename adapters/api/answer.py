"""Reads one HTTP/1.1 answer from the bytes a peer sends (RFC 9112), without any input or output of its own.

Rules kept: at most 64 KiB in all; a head that two readers could read differently is `Garbled`, never guessed
(request smuggling); interim answers (1xx) are passed over, 100 is noted.
"""

import re

from hub.model import Frozen

MAX_ANSWER = 64 * 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\x00]*)?")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f]*)")
_LENGTH = re.compile(r"[0-9]{1,6}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,5})(?:[ \t]*;[^\r\n]*)?")


class Garbled(ValueError):
    """The peer does not speak HTTP, or too much of it."""


class Answer(Frozen, frozen=True):
    """A complete answer; header names in lower case. `reusable`: the connection may carry another request."""

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool


class AnswerReader:
    """Fed what arrives; gives the answer once it is complete. `go_ahead` tells that 100 Continue came."""

    def __init__(self) -> None:
        self.go_ahead = False
        self._buffer = bytearray()
        self._seen = 0
        self._head: tuple[int, dict[str, str], bool] | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """The answer if `data` completes it; raises `Garbled`."""
        self._seen += len(data)
        if self._seen > MAX_ANSWER:
            raise Garbled
        self._buffer += data
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n", max(0, len(self._buffer) - len(data) - 3))
            if end < 0:
                return None
            self._take_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            data = bytes(self._buffer)
        return self._complete(*self._head)

    def end(self) -> Answer | None:
        """The answer if the end of the connection completes it, else none."""
        if self._head is None or "content-length" in self._head[1] or "transfer-encoding" in self._head[1]:
            return None
        return Answer(status=self._head[0], headers=self._head[1], body=bytes(self._buffer), reusable=False)

    def _take_head(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        status_line = _STATUS_LINE.fullmatch(lines[0])
        if status_line is None:
            raise Garbled
        status = int(status_line[2])
        headers = _headers(lines[1:])
        if status < 200:
            if status == 101:  # nothing was asked that could switch protocols
                raise Garbled
            self.go_ahead = self.go_ahead or status == 100
            return
        keep = status_line[1] == b"1" and "close" not in headers.get("connection", "").lower()
        self._head = (status, headers, keep)

    def _complete(self, status: int, headers: dict[str, str], keep: bool) -> Answer | None:
        if status in {204, 304}:
            size = 0
        elif "transfer-encoding" in headers:
            return self._dechunk(status, headers, keep)
        elif "content-length" in headers:
            size = int(headers["content-length"])
        else:
            return None  # ends with the connection
        if len(self._buffer) < size:
            return None
        body, rest = bytes(self._buffer[:size]), self._buffer[size:]
        return Answer(status=status, headers=headers, body=body, reusable=keep and not rest)

    def _dechunk(self, status: int, headers: dict[str, str], keep: bool) -> Answer | None:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size_line = _CHUNK.fullmatch(bytes(self._buffer[:end]))
            if size_line is None:
                raise Garbled
            size, start = int(size_line[1], 16), end + 2
            if len(self._buffer) < start + size + 2:
                return None
            if self._buffer[start + size : start + size + 2] != b"\r\n":
                raise Garbled  # a trailer, or a wrong size; nobody here asked for trailers
            self._body += self._buffer[start : start + size]
            del self._buffer[: start + size + 2]
            if size == 0:
                reusable = keep and not self._buffer
                return Answer(status=status, headers=headers, body=bytes(self._body), reusable=reusable)
        return None


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER_LINE.fullmatch(line)
        if match is None:
            raise Garbled
        name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1").strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and (encoding is not None or not _LENGTH.fullmatch(length)):
        raise Garbled
    if encoding is not None and encoding.lower() != "chunked":
        raise Garbled
    return headers

"""The county's trust anchors and bundles, as a folder of files: per domain of ours and per direction.

    trust.json           what was added, by whom and when; changed as a whole (a new file in its place)
    bundles/NAME         the last good content of each bundle, NAME the SHA-256 of its address

Every process reads the folder anew as soon as a file changed, so that a removal takes effect with the next message.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email.reasons import NotAccepted
from adapters.email.trust.bundle import anchors_in
from hub.errors import ConfigurationError, Conflict

Direction = Literal["incoming", "outgoing", "both"]
EVERY_DOMAIN = "*"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor: for which domain of ours (`*`: every), and for mail we receive, mail we send, or both."""

    fingerprint: str
    domain: str
    direction: Direction
    certificate: str
    """PEM."""
    added_at: str
    added_by: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A community's anchors at an https address; with `signer` (PEM) only as signed by it."""

    url: str
    domain: str
    direction: Direction
    signer: str | None
    refresh_hours: int
    added_at: str
    added_by: str

    @property
    def file_name(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entries:
    """What trust.json holds."""

    anchors: tuple[Anchor, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    checks_outgoing: bool = False
    """Once an anchor for what we send was added, recipients are checked; also after the last one was removed."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What new content of a bundle changes: SHA-256 of the anchors that come, and of those that go."""

    bundle: Bundle
    added: tuple[str, ...]
    removed: tuple[str, ...]


class TrustFolder:
    """Reads and changes the folder. Raises `ConfigurationError` for a trust.json that is not what it wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[tuple[tuple[int, ...], ...], Entries, dict[str, tuple[x509.Certificate, ...]]] | None = None

    def entries(self) -> Entries:
        """What was added and not removed."""
        return self._current()[0]

    def anchors(self, domain: str, direction: Literal["incoming", "outgoing"]) -> tuple[x509.Certificate, ...]:
        """Every anchor that counts for a domain of ours in a direction, single ones before those of bundles."""
        entries, held = self._current()
        found: list[x509.Certificate] = []
        sources: list[Anchor | Bundle] = [*entries.anchors, *entries.bundles]
        for each in sources:
            if each.domain in {EVERY_DOMAIN, domain.lower()} and each.direction in {direction, "both"}:
                found += held[each.fingerprint if isinstance(each, Anchor) else each.url]
        return tuple(dict.fromkeys(found))

    def add_anchor(self, certificate: x509.Certificate, domain: str, direction: Direction, by: str) -> Anchor:
        """Adds an anchor, or changes the direction of the one there is for the domain."""
        anchor = Anchor(
            fingerprint=fingerprint(certificate),
            domain=domain.lower(),
            direction=direction,
            certificate=pem(certificate),
            added_at=_now(),
            added_by=by,
        )
        with self._change() as entries:
            same = (anchor.fingerprint, anchor.domain)
            kept = tuple(each for each in entries.anchors if (each.fingerprint, each.domain) != same)
            checks = entries.checks_outgoing or direction != "incoming"
            self._write(replace(entries, anchors=(*kept, anchor), checks_outgoing=checks))
        return anchor

    def remove_anchor(self, prefix: str, domain: str | None = None) -> tuple[Anchor, ...]:
        """Removes the anchor whose fingerprint begins so, for one domain or for all.

        Raises `Conflict` if several do.
        """
        with self._change() as entries:
            gone = tuple(
                each
                for each in entries.anchors
                if each.fingerprint.startswith(prefix.lower()) and domain in {None, each.domain}
            )
            if len({each.fingerprint for each in gone}) > 1:
                raise Conflict("More than one anchor begins with these digits.")
            self._write(replace(entries, anchors=tuple(each for each in entries.anchors if each not in gone)))
        return gone

    def add_bundle(self, bundle: Bundle, content: bytes) -> int:
        """Adds a bundle with its first content; how many anchors it has. Raises as `renew`."""
        count = self.renew(bundle, content)
        with self._change() as entries:
            kept = tuple(each for each in entries.bundles if each.url != bundle.url)
            checks = entries.checks_outgoing or bundle.direction != "incoming"
            self._write(replace(entries, bundles=(*kept, bundle), checks_outgoing=checks))
        return count

    def remove_bundle(self, url: str) -> bool:
        """Removes a bundle and every anchor that came by it alone; whether there was one."""
        with self._change() as entries:
            gone = [each for each in entries.bundles if each.url == url]
            self._write(replace(entries, bundles=tuple(each for each in entries.bundles if each.url != url)))
        for each in gone:
            self._content(each).unlink(missing_ok=True)
        return bool(gone)

    def renew(self, bundle: Bundle, content: bytes) -> int:
        """Puts new content in the place of a bundle's last; how many anchors it has.

        Raises `ValueError` or `NotAccepted`, and the last good content stays.
        """
        count = len(anchors_in(content, _signer(bundle)))
        self._content(bundle).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(self._content(bundle), content)
        return count

    @contextlib.contextmanager
    def renewing(self) -> Iterator[bool]:
        """Whether nobody else renews now, here or in another process; until it is left nobody else does."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "renewing").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the other may be of this very loop
            except BlockingIOError:
                yield False
            else:
                yield True

    def renewal(self, bundle: Bundle, content: bytes) -> Renewal:
        """What `renew` with this content would change. Raises as it."""
        coming = {fingerprint(each): None for each in anchors_in(content, _signer(bundle))}
        present = {fingerprint(each): None for each in self._of_bundle(bundle)}
        return Renewal(
            bundle,
            tuple(each for each in coming if each not in present),
            tuple(each for each in present if each not in coming),
        )

    def renewed_at(self, bundle: Bundle) -> int:
        """When a bundle's content was last had, microseconds; 0 for never."""
        try:
            return self._content(bundle).stat().st_mtime_ns // 1_000
        except OSError:
            return 0

    def _content(self, bundle: Bundle) -> Path:
        return self._folder / "bundles" / bundle.file_name

    def _current(self) -> tuple[Entries, dict[str, tuple[x509.Certificate, ...]]]:
        if self._read is None or self._read[0] != self._stamp(self._read[1]):
            entries = self._load()
            stamp = self._stamp(entries)
            held: dict[str, tuple[x509.Certificate, ...]] = {}
            held |= {each.fingerprint: (_certificate(each),) for each in entries.anchors}
            held |= {each.url: self._of_bundle(each) for each in entries.bundles}
            self._read = (stamp, entries, held)
        return self._read[1], self._read[2]

    def _stamp(self, entries: Entries) -> tuple[tuple[int, ...], ...]:
        files = (self._folder / "trust.json", *map(self._content, entries.bundles))
        return tuple(map(_stamp, files))

    def _of_bundle(self, bundle: Bundle) -> tuple[x509.Certificate, ...]:
        try:
            return tuple(anchors_in(self._content(bundle).read_bytes(), _signer(bundle)))
        except (OSError, ValueError, NotAccepted):
            return ()

    def _load(self) -> Entries:
        try:
            found: dict[str, Any] = json.loads((self._folder / "trust.json").read_bytes())
            anchors = tuple(Anchor(**each) for each in found["anchors"])
            bundles = tuple(Bundle(**each) for each in found["bundles"])
            return Entries(anchors, bundles, checks_outgoing=bool(found["checks_outgoing"]))
        except FileNotFoundError:
            return Entries()
        except (OSError, ValueError, TypeError, KeyError):
            raise ConfigurationError("trust.json of the Direct trust folder is not readable.") from None

    def _write(self, entries: Entries) -> None:
        _put(self._folder / "trust.json", json.dumps(asdict(entries), indent=1).encode())

    @contextlib.contextmanager
    def _change(self) -> Iterator[Entries]:
        """One process changes at a time, from what is there now."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / "lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._load()
        except OSError:
            raise ConfigurationError("The Direct trust folder cannot be written.") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _certificate(anchor: Anchor) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(anchor.certificate.encode())
    except ValueError:
        raise ConfigurationError("An anchor in trust.json is not readable.") from None


def _signer(bundle: Bundle) -> x509.Certificate | None:
    return x509.load_pem_x509_certificate(bundle.signer.encode()) if bundle.signer else None


def _put(path: Path, content: bytes) -> None:
    """All of it or none: a reader never sees half a file."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


def _stamp(path: Path) -> tuple[int, ...]:
    """What is another for every new content of the file: it is always a new file, even within one tick of the clock."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

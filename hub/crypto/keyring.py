"""The key ring: every secret the hub holds, in one file only its owner can read.

Rules kept here:
- The file is refused unless it belongs to the running user and nobody else can read or write it.
- A key is never removed by rotation, only retired: old records still open, old checkpoints still verify. Removing is
  a command of its own, for keys that nothing depends on any more.
- A change is written beside the file, flushed to disk, and renamed over it; a lock on the folder keeps two
  rotations from losing each other's key, which would lose every record sealed under it.
- No secret appears in a repr, an error or a listing.
"""

import hashlib
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import NoReturn, Self

import msgspec
from nacl.signing import SigningKey

from hub.crypto.private_file import locked_folder, read_private, write_private
from hub.errors import ConfigurationError, IntegrityFailed
from hub.model import new_id, now_us

FORMAT = "part2hub/keys/v1"
DEFAULT_ORIGIN = "part2hub.example/ledger"
_MAX_FILE = 1 << 20  # bytes; a thousand rotations are 200 KiB
_ID = re.compile(r"[0-9a-z]{1,40}")


class KeyKind(StrEnum):
    ENCRYPTION = "encryption"
    """Key-encryption key: wraps the data keys of records at rest."""
    IDENTIFIER = "identifier"
    """Keys the hashes that member identifiers are found by. Never rotated: each hash would change."""
    TOKEN = "token"  # noqa: S105 - the word for it, not a token
    """Keys the hashes of bearer tokens."""
    LEDGER = "ledger"
    """Ed25519: signs checkpoints of the ledger."""
    DELIVERY = "delivery"
    """Ed25519: signs deliveries to partners' APIs."""


SIGNING = (KeyKind.LEDGER, KeyKind.DELIVERY)


class KeyState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One secret of 32 bytes (for a signing key the Ed25519 seed of RFC 8032)."""

    id: str
    kind: KeyKind
    state: KeyState
    created_at: int
    secret: bytes
    name: str = ""
    """ledger: the key name in signed notes, which is also the checkpoint's origin."""

    def __repr__(self) -> str:
        return f"Key(id={self.id!r}, kind={self.kind.value!r}, state={self.state.value!r})"

    @property
    def public(self) -> bytes:
        """The Ed25519 public key, 32 bytes; signing keys only."""
        return bytes(SigningKey(self.secret).verify_key)

    @property
    def fingerprint(self) -> str:
        """16 hex digits to compare by eye: of the public key, or one-way of a secret one."""
        if self.kind in SIGNING:
            return hashlib.sha256(self.public).hexdigest()[:16]
        return hashlib.blake2b(self.secret, digest_size=8, person=b"p2h:fingerprint").hexdigest()


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    keys: tuple[Key, ...]


class KeyRing:
    """The keys of one hub, in memory. Immutable: a rotation answers a new ring."""

    __slots__ = ("_active", "_wrapping", "keys", "sealing_id", "sealing_secret")

    def __init__(self, keys: tuple[Key, ...]) -> None:
        """Raises `ConfigurationError` unless keys are well formed and each kind has exactly one active."""
        _check(keys)
        self.keys = keys
        self._active = {key.kind: key for key in keys if key.state is KeyState.ACTIVE}
        self._wrapping = {key.id: key.secret for key in keys if key.kind is KeyKind.ENCRYPTION}
        # Read once per message by the envelope; plain attributes keep it off the dictionary.
        self.sealing_id = self._active[KeyKind.ENCRYPTION].id
        self.sealing_secret = self._active[KeyKind.ENCRYPTION].secret

    def __repr__(self) -> str:
        return f"KeyRing({len(self.keys)} keys)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring does not travel between processes")

    @classmethod
    def generate(cls, origin: str = DEFAULT_ORIGIN) -> Self:
        """A fresh ring, in memory only. `origin` names the ledger in its checkpoints (tlog-checkpoint)."""
        return cls(tuple(_new_key(kind, origin if kind is KeyKind.LEDGER else "") for kind in KeyKind))

    @classmethod
    def create(cls, path: Path | str, origin: str = DEFAULT_ORIGIN) -> Self:
        """Write a fresh ring to `path`, mode 0600. Raises `ConfigurationError` if anything is there."""
        ring = cls.generate(origin)
        with locked_folder(Path(path)) as folder:
            # Overwriting a ring would destroy every record sealed under it.
            if os.path.lexists(path):
                raise ConfigurationError("There is a key ring file already; it is left as it is.")
            write_private(Path(path), folder, _encoded(ring))
        return ring

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a ring. Raises `ConfigurationError` if absent, not ours alone, or not a key ring."""
        try:
            parsed = msgspec.json.decode(read_private(Path(path), _MAX_FILE), type=_KeyFile)
        except msgspec.DecodeError:
            raise ConfigurationError("The key ring file is not a key ring.") from None
        if parsed.format != FORMAT:
            raise ConfigurationError("The key ring file is of a format this version does not read.")
        return cls(parsed.keys)

    def active(self, kind: KeyKind) -> Key:
        """The key of a kind that is used now."""
        return self._active[kind]

    def all_of(self, kind: KeyKind) -> tuple[Key, ...]:
        """Active and retired keys of a kind, oldest first."""
        return tuple(key for key in self.keys if key.kind is kind)

    def wrapping_secret(self, key_id: str) -> bytes:
        """The key-encryption key of this id, active or retired. Raises `IntegrityFailed` if unknown."""
        secret = self._wrapping.get(key_id)
        if secret is None:
            raise IntegrityFailed("A record is sealed under a key this key ring lacks.", code="unknown-key")
        return secret


ROTATING = (KeyKind.ENCRYPTION, KeyKind.LEDGER, KeyKind.DELIVERY)


def rotate(path: Path | str, kinds: tuple[KeyKind, ...] = (KeyKind.ENCRYPTION, KeyKind.LEDGER)) -> KeyRing:
    """Add a new active key of each kind and retire the one before it; answers the ring as it now is on disk.

    Running processes keep the old ring, which still opens and verifies, until they load the file again.
    Raises `ConfigurationError` as `KeyRing.load` does, and for a kind that cannot be rotated.
    """
    if not set(kinds) <= set(ROTATING):
        raise ConfigurationError("Keys of hashes are not rotated: what is stored could not be found again.")
    with locked_folder(Path(path)) as folder:
        before = KeyRing.load(path)
        fresh = tuple(_new_key(kind, before.active(kind).name) for kind in kinds)
        kept = tuple(
            msgspec.structs.replace(key, state=KeyState.RETIRED) if key.kind in kinds else key for key in before.keys
        )
        ring = KeyRing(kept + fresh)
        write_private(Path(path), folder, _encoded(ring))
    return ring


def remove(path: Path | str, key_id: str) -> KeyRing:
    """Take a retired key out of the ring, for good; answers the ring as it now is on disk.

    Whoever calls has made sure that nothing depends on it. Raises `ConfigurationError` as `KeyRing.load` does, and for
    a key that is active or not there.
    """
    with locked_folder(Path(path)) as folder:
        before = KeyRing.load(path)
        if key_id not in {key.id for key in before.keys if key.state is KeyState.RETIRED}:
            raise ConfigurationError("The key ring holds no retired key of this id.")
        ring = KeyRing(tuple(key for key in before.keys if key.id != key_id))
        write_private(Path(path), folder, _encoded(ring))
    return ring


def _new_key(kind: KeyKind, name: str) -> Key:
    return Key(id=new_id(), kind=kind, state=KeyState.ACTIVE, created_at=now_us(), secret=os.urandom(32), name=name)


def _encoded(ring: KeyRing) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_KeyFile(FORMAT, ring.keys)), indent=1)


def _check(keys: tuple[Key, ...]) -> None:
    if any(len(key.secret) != 32 or not _ID.fullmatch(key.id) for key in keys):
        raise ConfigurationError("A key in the key ring is damaged.")
    if len({key.id for key in keys}) != len(keys) or len({key.secret for key in keys}) != len(keys):
        raise ConfigurationError("The key ring holds the same key twice.")
    active = sorted(key.kind for key in keys if key.state is KeyState.ACTIVE)
    if active != sorted(KeyKind):
        raise ConfigurationError("The key ring must hold exactly one active key of each kind.")
    if any(not key.name or re.search(r"[\s+]", key.name) for key in keys if key.kind is KeyKind.LEDGER):
        raise ConfigurationError("A ledger key needs a name without spaces or plus signs.")

"""`part2hub ledger watch`: follow a hub's ledger from outside, as an auditor or another county does each day."""

import argparse
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from hub.cli.files import read_file, read_keys, read_text
from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.cosignatures import Witness
from hub.crypto.follow import follow
from hub.errors import Malformed, Unavailable
from hub.model import new_id, now_us

_MOST = 1 << 20
_PATIENCE_S = 30.0
_REFUSED = {
    404: "There is no ledger under this address; that of a hub is https://HOST/tlog.",
    400: "The ledger does not take this: does it know the witness (HUB_WITNESSES)?",
    409: "The head that was cosigned is not one that the ledger published.",
    503: "The hub cannot answer now; try again in a moment.",
}
"""What a status says to whoever follows."""


def run(args: argparse.Namespace) -> int:
    """Compare the present head with the kept one and keep it. Raises `IntegrityFailed` for a changed history."""
    keys = read_keys(args.key)
    prefix = _prefix(args.url)
    kept = open_checkpoint(read_text(args.kept, _MOST), keys) if args.kept.exists() else None
    witness = Witness(args.name, read_file(args.cosign, 1_024)) if args.cosign else None
    found = follow(lambda path: _asked(f"{prefix}/{path}"), keys, kept)
    _keep(args.kept, found.note)
    if witness is not None:
        line = witness.line(found.note, now_us() // 1_000_000)
        _asked(f"{prefix}/cosignatures", (found.note + line.encode()).encode())
    print(_told(found.head, kept))
    if witness is not None:
        print(f"Cosigned as {witness.verifier.encode()}")
    return 0


def _told(head: Checkpoint, kept: Checkpoint | None) -> str:
    if kept is None:
        return f"{head.origin}: {head.size:,} entries; a first look, kept to compare with."
    return f"{head.origin}: {head.size:,} entries, the continuation of the {kept.size:,} that were kept."


def _prefix(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Malformed("The ledger's address is https://HOST/tlog.")
    return url.rstrip("/")


def _asked(url: str, body: bytes | None = None) -> bytes:
    try:
        with urllib.request.urlopen(url, data=body, timeout=_PATIENCE_S) as answer:  # noqa: S310 - http and https only
            content: bytes = answer.read(_MOST + 1)
    except urllib.error.HTTPError as error:
        raise Unavailable(_REFUSED.get(error.code, f"The ledger refuses with HTTP status {error.code}.")) from None
    except (urllib.error.URLError, OSError) as error:
        raise Unavailable(f"No ledger is reached under this address: {_cause(error)}.") from None
    if len(content) > _MOST:
        raise Malformed("The ledger's answer is too long.")
    return content


def _cause(error: OSError) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "its certificate is not one that this machine trusts"
    if isinstance(reason, TimeoutError):
        return "it does not answer in time"
    return "the connection is refused" if isinstance(reason, ConnectionRefusedError) else "it is not found or broke off"


def _keep(file: Path, note: str) -> None:
    """Whole or not at all: a torn file would lose what there is to compare with."""
    beside = file.with_name(f".{file.name}.{new_id()}")
    try:
        with beside.open("w", encoding="utf-8") as out:
            out.write(note)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except OSError:
        raise Malformed("The head cannot be kept in this file.", field=file.name) from None
    finally:
        beside.unlink(missing_ok=True)

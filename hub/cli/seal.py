"""`part2hub seal`: seal a document so that only its recipient can read it, not even the hub."""

import argparse
import base64
import binascii
import os
from pathlib import Path

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from hub.errors import ConfigurationError, Malformed

KEY_FILE = b"part2hub/x25519/v1\n"
SIGNING_FILE = b"part2hub/ed25519/v1\n"
_HELP = """\
Seals a document to its recipient: the hub decides on its class of information, delivers it, and cannot read it.
Needs no hub and no settings. The format: hub/crypto/SEALED_ITEM.md.

  part2hub seal --new-key lantern.key                a recipient's key; prints the public half for the directory
  part2hub seal --new-signing-key harbor.key         a sender's signing key; prints the public half for recipients
  part2hub seal asam.pdf --for lantern --key "$LANTERN" --from harbor --information assessment \\
                --title "ASAM assessment" --sign harbor.key --out asam.sealed

Exit codes: 0 done; 2 the input is wrong; 3 a key file is refused.
"""
_TYPES = {".pdf": "application/pdf", ".json": "application/fhir+json", ".xml": "application/xml", ".txt": "text/plain"}
_TYPES |= {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `seal` command."""
    parser = subparsers.add_parser(
        "seal",
        help="seal a document to its recipient",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the document")
    parser.add_argument("--for", dest="recipient", metavar="ORGANIZATION", help="the recipient's id in the directory")
    parser.add_argument("--key", metavar="BASE64", help="the recipient's X25519 public key")
    parser.add_argument("--from", dest="sender", metavar="ORGANIZATION", help="the sender's id")
    parser.add_argument("--information", metavar="CLASS", help="class of information, as in a manifest")
    parser.add_argument("--title", help="what a person calls it; sealed too")
    parser.add_argument("--media-type", help="default: by the file's ending")
    parser.add_argument("--sign", type=Path, metavar="KEYFILE", help="sign with this key of the sender")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the sealed item")
    made = parser.add_mutually_exclusive_group()
    made.add_argument("--new-key", type=Path, metavar="KEYFILE", help="make a recipient's key")
    made.add_argument("--new-signing-key", type=Path, metavar="KEYFILE", help="make a sender's signing key")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Seal one file, or make a key."""
    if args.new_key:
        secret = PrivateKey.generate()
        return _new_key(args.new_key, KEY_FILE, bytes(secret), bytes(secret.public_key))
    if args.new_signing_key:
        signing = SigningKey.generate()
        return _new_key(args.new_signing_key, SIGNING_FILE, bytes(signing), bytes(signing.verify_key))
    return _seal(args)


def public_key(text: str, field: str) -> bytes:
    """32 bytes of base64. Raises `Malformed`."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise Malformed("A public key is 32 bytes in base64.", field=field)
    return key


def secret_key(path: Path, label: bytes) -> bytes:
    """The 32 bytes of a key file. Raises `ConfigurationError` unless it is one, closed to other users."""
    from hub.crypto.private_file import read_private  # noqa: PLC0415 - so that --help is fast

    raw = read_private(path, 256)
    try:
        key = base64.b64decode(raw.removeprefix(label).strip(), validate=True) if raw.startswith(label) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigurationError("The key file is not a file of such a key.")
    return key


def _seal(args: argparse.Namespace) -> int:
    from hub.cli.files import read_file  # noqa: PLC0415
    from hub.crypto.sealed_item import VERSION, Plain, seal_item  # noqa: PLC0415
    from hub.intake import MAX_DOCUMENT_BYTES  # noqa: PLC0415
    from policies.vocabulary import CLASSES  # noqa: PLC0415

    for name in ("file", "recipient", "key", "sender", "information", "title", "out"):
        if not getattr(args, name):
            raise Malformed("Needed to seal: FILE, --for, --key, --from, --information, --title and --out.", field=name)
    if args.information not in CLASSES:
        raise Malformed("Unknown class of information.", field="--information")
    media_type = args.media_type or _TYPES.get(args.file.suffix.lower())
    if media_type is None:
        raise Malformed("State the --media-type: the file's ending does not tell.", field="--media-type")
    plain = Plain(
        version=VERSION,
        recipient=args.recipient,
        information=args.information,
        sender=args.sender,
        title=args.title,
        media_type=media_type,
        content=read_file(args.file, MAX_DOCUMENT_BYTES),
    )
    signing = secret_key(args.sign, SIGNING_FILE) if args.sign else None
    args.out.write_bytes(seal_item(plain, public_key(args.key, "--key"), signing))
    print(f"sealed for {args.recipient}: {args.out}")
    return 0


def _new_key(path: Path, label: bytes, secret: bytes, public: bytes) -> int:
    try:
        # Never over another key: what was sealed to it would be lost.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        raise ConfigurationError("The key file is there already, or cannot be written.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(label + base64.b64encode(secret) + b"\n")
    print(base64.b64encode(public).decode())
    return 0

"""P5: what sealing a mail costs, against the bare primitives on the same bytes and against the openssl command line.

All sides in one run, interleaved, each on the same 10 KiB message with the same keys: ECDSA P-256 or RSA-2048 to sign,
RSA-2048 OAEP and AES-256-CBC to encrypt. The primitives do only what no mail can do without: the digest, the signature,
the key transport, the cipher, one base64. The command line signs, then encrypts, as two processes.
"""

import binascii
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.email.cms.addressee import OAEP, Addressee
from adapters.email.cms.signer import Signer
from adapters.email.layers import sealed, signed
from deploy.demo.authority import Authority, Identity
from tests.bench.message import bundle
from tests.bench.table import Line

_ROUNDS, _MAILS, _COMMANDS = 41, 25, 1
_AT = 1_780_000_000_000_000
_ADDRESSING = "From: <a@hub.example>\r\nTo: <b@clinic.example>\r\n"
_HEAD = b"Content-Type: application/fhir+json\r\n\r\n"


def lines() -> Iterator[Line]:
    """Ours against both, round by round."""
    authority = Authority()
    clinic = authority.mail("clinic.example")
    for name, hub in (("ECDSA", authority.mail_signer("hub.example")), ("RSA", authority.mail("hub.example"))):
        yield from _measured(name, hub, clinic)


def _measured(name: str, hub: Identity, clinic: Identity) -> Iterator[Line]:
    signer, addressees = Signer(hub.key, hub.certificate), [Addressee(clinic.certificate)]
    message = _HEAD + bundle()
    with tempfile.TemporaryDirectory() as folder:
        command = _command(Path(folder), hub, clinic, message)
        primitives = _primitives(hub, clinic, signed(message, signer, _AT))
        bare, process, ours_us = [], [], []
        sides = [lambda: sealed(message, _ADDRESSING, signer, addressees, _AT), primitives]
        for turn in range(_ROUNDS + 1):
            _, openssl = _each(_COMMANDS, command)
            for act in sides:  # the command leaves the caches cold, which is the first one's alone to pay
                act()
            first, second = (_each(_MAILS, act) for act in sides[:: 1 if turn % 2 else -1])
            (ours, ours_waited), (least, _) = (first, second) if turn % 2 else (second, first)
            if turn:  # the first round warms the caches
                bare.append(least / ours)
                process.append(openssl / ours_waited)
                ours_us.append(ours * 1e6)
    detail = f"{sorted(ours_us)[len(ours_us) // 2]:.0f} µs a mail"
    yield Line("P5", f"sign ({name}), encrypt 10 KiB: primitives to ours", bare, 0.85, detail=detail)
    yield Line("P5", f"sign ({name}), encrypt: openssl command to ours", process, 8)


def _primitives(hub: Identity, clinic: Identity, message: bytes) -> Callable[[], None]:
    key, recipient = hub.key, clinic.certificate.public_key()
    curve, block, sign = ec.ECDSA(hashes.SHA256()), padding.PKCS1v15(), hashes.SHA256()
    assert isinstance(recipient, rsa.RSAPublicKey)
    padded = len(message) + 16 - len(message) % 16
    filled, attributes = message.ljust(padded), b"a" * 107

    def run() -> None:
        hashlib.sha256(message).digest()
        key.sign(attributes, block, sign) if isinstance(key, rsa.RSAPrivateKey) else key.sign(attributes, curve)
        secret = os.urandom(32)
        recipient.encrypt(secret, OAEP)
        encryptor = Cipher(algorithms.AES(secret), modes.CBC(os.urandom(16))).encryptor()
        binascii.b2a_base64(encryptor.update(filled) + encryptor.finalize(), newline=False)

    return run


def _command(folder: Path, hub: Identity, clinic: Identity, message: bytes) -> Callable[[], None]:
    hub.write(folder, "hub")
    clinic.write(folder, "clinic")
    (folder / "message").write_bytes(message)
    signing = ("-sign", "-binary", "-in", "message", "-signer", "hub.crt", "-inkey", "hub.key", "-out", "signed")
    sealing = ("-encrypt", "-in", "signed", "-aes256", "-out", "sealed", "-recip", "clinic.crt")
    oaep = ("-keyopt", "rsa_padding_mode:oaep")

    def run() -> None:
        for words in (signing, (*sealing, *oaep)):
            subprocess.run(["openssl", "cms", *words], cwd=folder, check=True, capture_output=True)

    return run


def _each(times: int, act: Callable[[], object]) -> tuple[float, float]:
    """Seconds each: of this thread's own work, which other processes do not disturb, and of waiting."""
    worked, started = time.thread_time(), time.perf_counter()
    for _ in range(times):
        act()
    return (time.thread_time() - worked) / times, (time.perf_counter() - started) / times

"""An outside witness, as C2SP tlog-cosignature describes one."""

from nacl.signing import SigningKey

from hub.crypto.notes import COSIGNATURE_V1, Note, Signature, Verifier


class Witness:
    def __init__(self, name: str = "witness.example/w1", seed: bytes = bytes(range(32))) -> None:
        self._key = SigningKey(seed)
        self.verifier = Verifier(name, bytes(self._key.verify_key), COSIGNATURE_V1)

    def line(self, note: str, at_s: int) -> Signature:
        message = f"cosignature/v1\ntime {at_s}\n{Note.parse(note).text}".encode()
        signature = at_s.to_bytes(8, "big") + self._key.sign(message).signature
        return Signature(self.verifier.name, self.verifier.key_id, signature)

    def cosigned(self, note: str, at_s: int = 1_679_315_147) -> str:
        """The note with this witness's line beneath it."""
        return note + self.line(note, at_s).encode()

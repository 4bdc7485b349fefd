"""An outside witness with a fixed key."""

from hub.crypto import cosignatures


class Witness(cosignatures.Witness):
    def __init__(self, name: str = "witness.example/w1", seed: bytes = bytes(range(32))) -> None:
        super().__init__(name, seed)

    def cosigned(self, note: str, at_s: int = 1_679_315_147) -> str:
        """The note with this witness's line beneath it."""
        return note + self.line(note, at_s).encode()

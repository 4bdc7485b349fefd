r"""The draw: which of N things a sample holds, decided by the ledger's root and the auditor's seed alone.

    for counter = 0, 1, 2, ...
        r = SHA-256("part2hub/sample/v1\n" ‖ root in hex ‖ "\n" ‖ seed ‖ "\n" ‖ counter in decimal ‖ "\n"), big-endian
        r >= N * floor(2**256 / N): next (so that every index is equally likely)
        r mod N drawn already: next
        r mod N is the next index of the sample

The hub cannot choose: the root is of a head that it signed before it knew the seed. The auditor cannot choose either.
"""

import re
from hashlib import sha256

from hub.errors import Malformed

_ALL = 1 << 256
_SEED = re.compile(r"[\x21-\x7e]{1,100}")


def draw(root: bytes, seed: str, population: int, count: int) -> list[int]:
    """Indexes below `population` in the order drawn, each once; all of them if `count` asks for more.

    Raises `Malformed` for a seed that is not 1 to 100 visible ASCII characters.
    """
    if not _SEED.fullmatch(seed):
        raise Malformed("A seed is 1 to 100 visible ASCII characters without spaces.")
    drawn: dict[int, None] = {}
    counter = 0
    while len(drawn) < min(count, population):
        words = f"part2hub/sample/v1\n{root.hex()}\n{seed}\n{counter}\n".encode()
        number = int.from_bytes(sha256(words).digest(), "big")
        if number < population * (_ALL // population):
            drawn.setdefault(number % population)
        counter += 1
    return list(drawn)

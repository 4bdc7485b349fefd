"""Sixteen random bytes at a time, for ids and salts, fetched from the system by the page.

A system call for each lets go of the interpreter lock, and whoever waits for it takes it: six such calls a message.
Keys and nonces are never taken from here.
"""

import os
from collections import deque
from struct import Struct

_PAGE = Struct("16s" * 256)
_left: deque[bytes] = deque()


def sixteen() -> bytes:
    """16 bytes that nobody else was given. Safe from any thread: taking one is a single step."""
    try:
        return _left.popleft()
    except IndexError:
        first, *others = _PAGE.unpack(os.urandom(_PAGE.size))
        _left.extend(others)
        return bytes(first)


os.register_at_fork(after_in_child=_left.clear)

"""Sixteen random bytes at a time, for ids and salts, fetched from the system by the page.

A system call for each lets go of the interpreter lock, and whoever waits for it takes it: six such calls a message.
Keys and nonces are never taken from here.
"""

import os
from collections import deque

_SIZE = 16
_PAGE = 256 * _SIZE
_left: deque[bytes] = deque()


def sixteen() -> bytes:
    """16 bytes that nobody else was given. Safe from any thread: taking one is a single step."""
    try:
        return _left.popleft()
    except IndexError:
        page = os.urandom(_PAGE)
        _left.extend(page[start : start + _SIZE] for start in range(_SIZE, _PAGE, _SIZE))
        return page[:_SIZE]


os.register_at_fork(after_in_child=_left.clear)

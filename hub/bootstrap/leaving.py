"""The end of a process that has recorded and closed everything: it comes, whoever keeps a thread waiting.

A look-up of a name cannot be called off (getaddrinfo(3)), and the event loop ends after its threads: with name servers
that do not answer, minutes later, for an answer that nobody waits for.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

LEAVE_S = 5.0


@contextlib.contextmanager
def leaving(within_s: float = LEAVE_S) -> Iterator[None]:
    """Ends the process, and well, where what is done inside takes longer."""
    end = threading.Timer(within_s, _end)
    end.daemon = True
    end.start()
    try:
        yield
    finally:
        end.cancel()


def _end() -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # nobody reads it any more, perhaps
        os._exit(0)

"""What is done again and again beside the path: a round that fails ends that round, never the task."""

import contextlib
from collections.abc import Iterator

import structlog

from hub.errors import HubError

_log = structlog.get_logger()


@contextlib.contextmanager
def lasting(task: str) -> Iterator[None]:
    """One round of a task that has no end: whatever fails in it is told by a code, and the next round comes.

    Ended by an error that nobody foresaw, the task would leave what it looks after to nobody.
    """
    try:
        yield
    except HubError as error:
        _log.warning("a round failed", task=task, code=error.detail_code)
    except Exception as error:  # noqa: BLE001 - see above; no message, it may name a person
        _log.error("a round failed", task=task, code=type(error).__name__)

"""Metrics and log. INVARIANT: metadata-is-content: labels and log fields are codes from fixed lists and opaque ids.

`LABELS` lists every label that a metric may have; a test compares. `configure_log` drops every field that is not in
`FIELDS`, and of what a library logs keeps its name and the error's.
"""

import logging
import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
LABELS = frozenset({"state", "route", "status", "method", "kind"})

DISPATCHED = Counter("hub_dispatched", "Outbox rows brought to a next state", ["state"], registry=REGISTRY)
REQUESTS = Counter("hub_requests", "HTTP requests", ["route", "method", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram("hub_request_seconds", "HTTP request duration in seconds", ["route"], registry=REGISTRY)
OUTBOX_ROWS = Gauge("hub_outbox_rows", "Outbox rows, by state", ["state"], registry=REGISTRY)
count_dispatched = cache(DISPATCHED.labels)
count_request = cache(REQUESTS.labels)
time_request = cache(REQUEST_SECONDS.labels)
"""The label values come from fixed lists; looking the same child up again costs as much as counting."""
GIVEN_BACK = Counter("hub_given_back", "Rows given back because their partner had no place left", registry=REGISTRY)
UNDER_WAY = Gauge("hub_deliveries_under_way", "Places taken by deliveries, in this process", registry=REGISTRY)
FULL = Gauge("hub_partners_full", "Partners that have no place left, in this process", registry=REGISTRY)
SEATED = Gauge("hub_anteroom_rows", "Claimed rows that wait for a place with their partner", registry=REGISTRY)
LARGE_WAITING = Gauge("hub_large_waiting", "Large packets that wait until others have left", registry=REGISTRY)
AWAY = Gauge("hub_endpoints_away", "Endpoints that keep failing and are left alone for now", registry=REGISTRY)
OLDEST_DUE = Gauge("hub_oldest_due_seconds", "How long the oldest due row has been waiting", registry=REGISTRY)
LEDGER_SIZE = Gauge("hub_ledger_size", "Entries in the ledger's tree", registry=REGISTRY)
DATABASE_UP = Gauge("hub_database_up", "1: the database answered this collection", registry=REGISTRY)
UNSIGNED = Gauge("hub_ledger_unsigned_seconds", "How long the oldest entry waits for a signed head", registry=REGISTRY)
WORK_OPEN = Gauge("hub_work_open", "What waits for a person, by kind", ["kind"], registry=REGISTRY)

FIELDS = frozenset({
    "event", "level", "timestamp", "code", "count", "form", "held", "id", "inbound", "intake", "organization", "outbox",
    "port", "role", "task", "tls",
})  # fmt: skip


def configure_log(level: int = logging.INFO, to: TextIO | None = None) -> None:
    """One JSON object a line, allowed fields only, on standard error or `to`; what libraries log, too."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _allowed_fields,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(to or sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    if not any(isinstance(each, _Libraries) for each in root.handlers):
        root.addHandler(_Libraries(logging.WARNING))


class _Libraries(logging.Handler):
    """Who complains and with which error: the text and the trace of a library may quote a row, a mail or a path."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        code = f"{record.name}:{kind.__name__}" if kind else record.name
        structlog.get_logger().log(record.levelno, "a library complains", code=code)


def _allowed_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if name in FIELDS}

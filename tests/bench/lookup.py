"""P4: what a member's consents cost to look up among five million, against among a thousand.

The same schema, the same statement as the hub's own (`hub.storage.facts.CONSENTS`), random members, both sides
interleaved.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from hub.storage import migrations
from hub.storage.facts import CONSENTS
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Consent

SMALL, LARGE = 1_000, 5_000_000
EACH = 5
"""Consents of a member."""
LOOKUPS = 4_000
_COLUMNS = columns_of(Consent)
_FORM: dict[str, Any] = {
    "kind": "specific", "names_patient": True, "discloser": '["harbor"]', "information": '["complete_record"]',
    "recipients": '["lantern","valley-clinic"]', "states_redisclosure_rule": True, "purposes": '["treatment"]',
    "patient_initiated": False, "states_fundraising_opt_out": False, "states_right_to_revoke": True,
    "states_how_to_revoke": True, "expires": "2099-12-31", "signed_by": '["the-patient"]', "signature": "handwritten",
    "signed_on": "2026-01-15", "states_redisclosure_risk": True, "states_refusal_consequences": True, "written": True,
    "verified": True, "verified_by": "harbor/second", "revoked": "[]", "conditioned": False, "onward": "[]",
    "states_period": False, "state": "active", "recorded_at": 1_767_225_600_000_000, "recorded_by": "harbor",
}  # fmt: skip


def measure(rounds: int = 5) -> dict[str, list[float]]:
    """Microseconds a look-up, round by round, for each size."""
    with tempfile.TemporaryDirectory() as folder:
        stores = {size: _filled(Path(folder) / f"{size}.sqlite", size) for size in (SMALL, LARGE)}
        found: dict[str, list[float]] = {f"{size:,}": [] for size in stores}
        for turn in range(rounds + 1):
            for size, store in stores.items():
                took = _timed(store, size // EACH)
                if turn:  # the first round fills the caches
                    found[f"{size:,}"].append(took)
        for store in stores.values():
            store.close()
    return found


def ratio(found: dict[str, list[float]]) -> float:
    """The large store's median against the small one's."""
    small, large = found.values()
    return median(large) / median(small)


def _filled(path: Path, size: int) -> sqlite3.Connection:
    migrations.upgrade(f"sqlite:///{path}")
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous = OFF")
    store.execute("BEGIN")
    store.executemany(Insert(Consent, _COLUMNS).sqlite, _rows(size))
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store


def _rows(size: int) -> Iterator[tuple[Any, ...]]:
    rest = tuple(_FORM.get(column) for column in _COLUMNS[2:])
    for number in range(size):
        if number % 1_000_000 == 0:
            print(".", end="", flush=True, file=sys.stderr)
        yield (_member(number // EACH), f"{number:032x}", *rest)


def _member(number: int) -> str:
    return f"{number:032x}"


def _timed(store: sqlite3.Connection, members: int) -> float:
    asked = [_member(random.randrange(members)) for _ in range(LOOKUPS)]
    started = time.perf_counter()
    for member in asked:
        rows = store.execute(CONSENTS.sqlite, (member,)).fetchall()
    took = time.perf_counter() - started
    assert len(rows) == EACH
    return took / LOOKUPS * 1e6

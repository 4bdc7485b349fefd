"""`make bench`: the speed goals that can be measured here, both sides of each in the same run.

    python -m tests.bench           all of them
    python -m tests.bench P1 P8     these

Ratios are what counts: the machine's speed drifts, so both sides take turns, round by round. A missed goal is shown,
and is no failure of the command. P1, P3 and P8 are measured as source and compiled, where there is a compiler.
"""

import os
import platform
import sys
import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from tests.bench import clocks, decide, end_to_end, exports, footprint, hop, ledger, log_pages, lookup, mail, outage
from tests.bench.table import Line

BENCHMARKS: dict[str, Callable[[], Iterator[Line]]] = {
    "P1": end_to_end.embedded,
    "P2": end_to_end.wide,
    "P3": decide.lines,
    "P5": mail.lines,
    "P6": hop.lines,
    "P7": ledger.lines,
    "P8": footprint.lines,
    "P9": outage.backlog,
    "P10": lambda: chain(clocks.lines(), log_pages.lines()),
    "P11": outage.waiting,
    "X": exports.lines,
    "P4": lambda: iter([_lookup()]),
}
"""Each yields its lines of the table."""


def main(asked: list[str]) -> int:
    """Run the benchmarks that are asked for, or all."""
    unknown = set(asked) - BENCHMARKS.keys()
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print(_machine())
    print(_calibration(), flush=True)
    print(f"{'':3} {'':46} {'median (least to most)':26} goal")
    for goal, benchmark in BENCHMARKS.items():
        if not asked or goal in asked:
            for line in benchmark():
                print(line, flush=True)
    return 0


def _lookup() -> Line:
    small, large = lookup.measure().values()
    ratios = [many / few for few, many in zip(small, large, strict=True)]
    return Line("P4", "consent look-up: five million to a thousand", ratios, 1.5, at_most=True)


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{now} · {model}, {os.cpu_count()} cores · {platform.system()} · Python {platform.python_version()}"


def _calibration() -> str:
    """Plain work of the interpreter: compare before comparing two runs."""
    spins = min(timeit.repeat("for n in range(100_000): n * n", number=10, repeat=5)) * 100
    return f"calibration: a hundred thousand multiplications in {spins:.2f} ms · load {os.getloadavg()[0]:.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What a benchmark answers: one line of the table, with both sides measured in the same run."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """One goal: what each round found, in the unit of the goal, and how the goal reads."""

    goal: str
    what: str
    found: Sequence[float]
    wanted: float
    at_most: bool = False
    unit: str = ""
    detail: str = ""

    def __str__(self) -> str:
        median, low, high = statistics.median(self.found), min(self.found), max(self.found)
        met = median <= self.wanted if self.at_most else median >= self.wanted
        sign = "<=" if self.at_most else ">="
        numbers = f"{median:7.2f} ({low:.2f} to {high:.2f})"
        return (
            f"{self.goal:3} {self.what:46} {numbers:26} {sign} {self.wanted:<6g} {self.unit:5} "
            f"{'met' if met else 'MISSED':6}  {self.detail}"
        )

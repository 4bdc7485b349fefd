"""Charts as pictures: stacked bars in SVG, made on the server; the numbers stand in a table beside them."""

from collections.abc import Callable
from typing import NamedTuple

from hub.desk.charts import Chart

WIDTH, HEIGHT, LEFT, BOTTOM, HEAD = 720, 232, 64, 36, 16
"""HEAD and BOTTOM hold half a number and a line of dates at the size that a telephone needs."""


class Piece(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    series: int
    words: str


class Line(NamedTuple):
    y: float
    label: str


class Drawing(NamedTuple):
    pieces: list[Piece]
    lines: list[Line]
    first: str
    last: str


def stacked(chart: Chart, named: Callable[[str], str], day: Callable[[str], str]) -> Drawing:
    """One bar a column, a piece a row; `named` names a row, `day` writes a date."""
    sums = [sum(row[column] for _, row in chart.rows) for column in range(len(chart.columns))]
    top = _round_up(max(sums, default=1))
    wide, high = (WIDTH - LEFT) / max(len(chart.columns), 1), (HEIGHT - BOTTOM - HEAD) / top
    pieces = []
    for column, start in enumerate(chart.columns):
        floor = float(HEIGHT - BOTTOM)
        for series, (value, row) in enumerate(chart.rows):
            if row[column]:
                floor -= row[column] * high
                words = f"{day(start.isoformat())}: {named(value)} {row[column]:,}"
                x = round(LEFT + column * wide + wide * 0.1, 1)
                pieces.append(
                    Piece(x, round(floor, 1), round(wide * 0.8, 1), round(row[column] * high, 1), min(series, 5), words)
                )
    lines = [Line(round(HEIGHT - BOTTOM - part * top * high, 1), _short(int(part * top))) for part in (0, 0.5, 1)]
    ends = [day(chart.columns[at].isoformat()) for at in (0, -1)] if chart.columns else ["", ""]
    return Drawing(pieces, lines, *ends)


def _short(number: int) -> str:
    """As an axis has room for it: 1,500 is 1.5k."""
    for unit, word in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{word}"
    return str(number)


def _round_up(number: int) -> int:
    """To 2, 4, 6, 10, 20, 40: halves are whole."""
    step: int = 10 ** (len(str(number)) - 1)
    return max(2, next(each * step for each in (1, 2, 4, 6, 8, 10) if each * step >= number))

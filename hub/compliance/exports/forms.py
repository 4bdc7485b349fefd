"""The forms of an export: CSV, XLSX, JSON Lines, PDF; each takes a row at a time.

Rules kept here:
- A cell never becomes a formula: what a spreadsheet would calculate is text with an apostrophe (CSV) or a string cell.
- Memory does not grow with the rows; a PDF, which is for people to read, has a limit.
"""

import codecs
import csv
import io
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import msgspec

from hub.compliance.exports.tables import ABSENT, Cell
from hub.errors import TooLarge

Form = Literal["csv", "xlsx", "jsonl", "pdf"]
FORMS: tuple[Form, ...] = get_args(Form)
TYPES: dict[str, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
    "pdf": "application/pdf",
}
MOST_PDF_ROWS = 5_000
"""About four hundred pages, and some seconds of a thread: nobody reads more on paper."""
_SHEET_ROWS = 1_048_576
_CALCULATED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, full-width signs included (attack: CSV injection)."""
_encode = msgspec.json.Encoder().encode


def inert(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would calculate it."""
    return f"'{text}" if text.lstrip(" ").startswith(_CALCULATED) or text.startswith(_CALCULATED) else text


class Writer(ABC):
    """Writes one table into a binary file, head first."""

    def __init__(self, out: BinaryIO, columns: tuple[str, ...], title: str, folder: Path) -> None:
        self.out, self.columns, self.title, self.folder = out, columns, title, folder

    @abstractmethod
    def row(self, cells: tuple[Cell, ...]) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Finish the file; may take its time, so not on the event loop."""

    def abandon(self) -> None:  # noqa: B027 - most forms hold nothing but the file they were given
        """Let go of whatever else is open: the file is not finished."""


class Csv(Writer):
    """UTF-8 with a byte order mark, so that Excel reads accents; CRLF as RFC 4180 has it."""

    def __init__(self, out: BinaryIO, columns: tuple[str, ...], title: str, folder: Path) -> None:
        super().__init__(out, columns, title, folder)
        out.write(codecs.BOM_UTF8)
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow(columns)

    def row(self, cells: tuple[Cell, ...]) -> None:
        self._csv.writerow([inert(cell) if isinstance(cell, str) else _plain(cell) for cell in cells])

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class JsonLines(Writer):
    """One object a line, keys in the order of the columns."""

    def row(self, cells: tuple[Cell, ...]) -> None:
        given = {name: cell for name, cell in zip(self.columns, cells, strict=True) if cell is not ABSENT}
        self.out.write(_encode(given) + b"\n")

    def close(self) -> None:
        """Every line is complete already."""


class Xlsx(Writer):
    """A sheet for every million rows; xlsxwriter keeps a row in memory, the rest in a folder of ours."""

    def __init__(self, out: BinaryIO, columns: tuple[str, ...], title: str, folder: Path) -> None:
        import xlsxwriter  # noqa: PLC0415 - loaded with the first spreadsheet

        super().__init__(out, columns, title, folder)
        options = {
            "constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False,
        }  # fmt: skip
        self._book: Any = xlsxwriter.Workbook(out, options)
        self._bold = self._book.add_format({"bold": True})
        self._sheet: Any = None
        self._row = _SHEET_ROWS
        self._next_sheet()

    def row(self, cells: tuple[Cell, ...]) -> None:
        if self._row == _SHEET_ROWS:
            self._next_sheet()
        for column, cell in enumerate(cells):
            if isinstance(cell, bool):
                self._sheet.write_boolean(self._row, column, cell)
            elif isinstance(cell, int):
                self._sheet.write_number(self._row, column, cell)
            elif cell is not None:
                self._sheet.write_string(self._row, column, cell)
        self._row += 1

    def close(self) -> None:
        self._book.close()

    def abandon(self) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()

    def _next_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(self.columns):
            self._sheet.set_column(column, column, 22)
            self._sheet.write_string(0, column, name, self._bold)
        self._row = 1


class Pdf(Writer):
    """For people to read. Raises `TooLarge` over `MOST_PDF_ROWS`."""

    def __init__(self, out: BinaryIO, columns: tuple[str, ...], title: str, folder: Path) -> None:
        super().__init__(out, columns, title, folder)
        self._rows: list[tuple[Cell, ...]] = []

    def row(self, cells: tuple[Cell, ...]) -> None:
        if len(self._rows) == MOST_PDF_ROWS:
            raise TooLarge(
                f"A PDF has at most {MOST_PDF_ROWS:,} rows; narrow it, or take CSV or XLSX.", code="pdf-rows"
            )
        self._rows.append(cells)

    def close(self) -> None:
        from hub.compliance.exports.report import report_pdf  # noqa: PLC0415 - fpdf2: 20 MiB

        self.out.write(report_pdf(self.title, self.columns, self._rows))


WRITERS: dict[str, type[Writer]] = {"csv": Csv, "xlsx": Xlsx, "jsonl": JsonLines, "pdf": Pdf}


def _plain(cell: Cell) -> Any:
    return {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else cell

"""A v2 message as segments, fields, repetitions, components and subcomponents: split when asked, in whatever shape.

Rules kept: nothing a sender writes raises; what is not there reads as an empty text; Z segments and unknown segments
stay; HL7's explicit null (`""`) reads as empty.
"""

import re
from functools import cached_property

from adapters.mllp.charsets import decode
from adapters.mllp.escapes import Delimiters, delimiters_of, unescape

_LINE_END = re.compile(r"\r\n?|\n")
_HEADERS = ("MSH", "BHS", "FHS")
_NULL = '""'


class Segment:
    """One line. Fields are numbered as in the standard, also in MSH, whose first field is the delimiter itself."""

    def __init__(self, line: str, delimiters: Delimiters) -> None:
        self.line = line
        self.name = line[:3]
        self._delimiters = delimiters

    @cached_property
    def _fields(self) -> list[str]:
        fields = self.line.split(self._delimiters.field)
        return [fields[0], self._delimiters.field, *fields[1:]] if self.name in _HEADERS else fields

    def raw(self, field: int) -> str:
        """The field as it came, still escaped."""
        return self._fields[field] if field < len(self._fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The field's repetitions as they came; none if it is empty."""
        raw = self.raw(field)
        if not raw or raw == _NULL:
            return []
        return raw.split(self._delimiters.repetition) if self._delimiters.repetition else [raw]

    def get(self, field: int, component: int = 1, *, sub: int = 1, repetition: int = 0) -> str:
        """One component, unescaped and without space around it; by default the first of the first repetition."""
        found = self.repetitions(field)
        return self.part(found[repetition], component, sub) if repetition < len(found) else ""

    def part(self, repetition: str, component: int, sub: int = 1) -> str:
        """A component of a repetition that `repetitions` gave."""
        text = _nth(_nth(repetition, self._delimiters.component, component), self._delimiters.subcomponent, sub)
        return "" if text == _NULL else unescape(text, self._delimiters).strip()


class Message:
    """The segments of one message, in order, in the delimiters that its header states."""

    def __init__(self, text: str, charset: str = "ascii", warnings: tuple[str, ...] = ()) -> None:
        lines = [line for line in _LINE_END.split(text) if line.strip()]
        self.charset = charset
        self.warnings = warnings
        header = next((line for line in lines if line.startswith(_HEADERS)), "")
        self.delimiters = delimiters_of(header)
        self.segments = tuple(Segment(line.lstrip(), self.delimiters) for line in lines)
        self.header = next((each for each in self.segments if each.name == "MSH"), Segment("MSH", self.delimiters))

    @classmethod
    def read(cls, content: bytes) -> "Message":
        """The message in these bytes; a character set nobody knows is a warning (`charset-unknown`), not an error."""
        text, charset, warnings = decode(content)
        return cls(text, charset, warnings)

    @property
    def text(self) -> str:
        """Segments ended by carriage returns, whatever they were ended by."""
        return "".join(f"{each.line}\r" for each in self.segments)

    def all(self, name: str) -> list[Segment]:
        return [each for each in self.segments if each.name == name]

    def first(self, name: str) -> Segment:
        """The first segment of that name; one without fields if there is none."""
        return next((each for each in self.segments if each.name == name), Segment(name, self.delimiters))

    def has(self, name: str) -> bool:
        return any(each.name == name for each in self.segments)

    @property
    def type(self) -> tuple[str, str]:
        """MSH-9: message code and trigger event, `("ADT", "A01")`. In 2.1 the trigger stood in EVN-1 alone."""
        return self.header.get(9, 1).upper(), (self.header.get(9, 2) or self.first("EVN").get(1)).upper()

    @property
    def control_id(self) -> str:
        """MSH-10 as it came: the answer gives it back unchanged."""
        return self.header.raw(10)


def _nth(text: str, delimiter: str, number: int) -> str:
    if not delimiter:
        return text if number == 1 else ""
    parts = text.split(delimiter, number)
    return parts[number - 1] if number <= len(parts) else ""

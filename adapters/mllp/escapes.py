r"""HL7 v2 escape sequences (chapter 2, 2.7): \F\ \S\ \T\ \R\ \E\ \Xdddd..\ \.br\ and highlighting."""

import re
from functools import lru_cache

from hub.model import CONTROLS, Frozen

_BREAK = re.compile(r"\.(br|sp|in|ti|sk|ce|fi|nf)[+-]?\d*", re.IGNORECASE)


class Delimiters(Frozen, frozen=True):
    """MSH-1 and MSH-2. A message that leaves some out has none of them."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2."""
        return f"{self.component}{self.repetition}{self.escape}{self.subcomponent}"


STANDARD = Delimiters()


def delimiters_of(header: str) -> Delimiters:
    """Those that a header segment (MSH, BHS, FHS) states in its fourth character and after."""
    field = header[3:4] or "|"
    stated = header[4:].partition(field)[0][:4]
    names = ("component", "repetition", "escape", "subcomponent")
    found = dict.fromkeys(names, "") | dict(zip(names, stated, strict=False))
    return Delimiters(field=field, **found) if stated else Delimiters(field=field)


def unescape(text: str, delimiters: Delimiters) -> str:
    """What the sender meant. A sequence that nobody knows stays as it is; highlighting is left out."""
    mark = delimiters.escape
    if not mark or mark not in text:
        return text
    return _sequences(mark).sub(lambda found: _meaning(found, delimiters), text)


def escape(text: str, delimiters: Delimiters = STANDARD) -> str:
    """The text as it may stand in a field: no delimiter and no line end of its own."""
    mark = delimiters.escape
    text = text.replace(mark, f"{mark}E{mark}")
    for letter, name in (("F", "field"), ("S", "component"), ("R", "repetition"), ("T", "subcomponent")):
        text = text.replace(getattr(delimiters, name), f"{mark}{letter}{mark}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\n", f"{mark}.br{mark}").translate(CONTROLS)


@lru_cache(maxsize=64)
def _sequences(mark: str) -> re.Pattern[str]:
    quoted = re.escape(mark)
    return re.compile(f"{quoted}([^{quoted}\\r]{{0,2000}}){quoted}")


def _meaning(found: re.Match[str], delimiters: Delimiters) -> str:
    code = found[1]
    simple = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "P": "#",
        "H": "",
        "N": "",
    }
    if code in simple:
        return simple[code]
    if code[:1] == "X":
        try:
            return bytes.fromhex(code[1:]).decode("utf-8", "replace")
        except ValueError:
            return found[0]
    return "\n" if _BREAK.fullmatch(code) else found[0]

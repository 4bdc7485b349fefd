"""A document's narrative (C-CDA section text, FHIR XHTML) as lines and tables a person reads.

Rules kept: every word of the markup comes out, in reading order; what is no words (a picture) is an error, because a
page without it would look complete.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from adapters.fax.sheet import Cells, Line
from hub.errors import Unrenderable

Set = Line | Cells
INDENT = 36
BREAK = "\v"
"""Between lines, where a line feed in markup is only a space."""
MAX_DEPTH = 60
PICTURES = frozenset({"renderMultiMedia", "img", "object", "svg", "video", "audio", "canvas"})
UNSEEN = frozenset({"script", "style", "head", "col", "colgroup"})
BLOCKS = frozenset({"paragraph", "p", "div", "blockquote", "section", "article", "pre", "dl", "dt", "dd", "footnote"})
HEADINGS = frozenset({"caption", "h1", "h2", "h3", "h4", "h5", "h6"})
GROUPS = frozenset({"thead", "tbody", "tfoot"})
LISTS = frozenset({"list", "ul", "ol"})
MAX_COLUMNS = 7
"""More than that cannot be read side by side on a fax; each row is then told cell by cell."""


class Row(NamedTuple):
    heads: bool
    cells: tuple[str, ...]


def whole_xml(text: bytes) -> Element:
    """The root. Raises `Unrenderable` for what is no XML, or has entities or a document type of its own."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unrenderable("The document is not XML, or brings definitions of its own.", code="damaged") from None
    return root


def name_of(element: Element) -> str:
    """The element's name without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def narrative(element: Element, depth: int = 0) -> Iterator[Set]:
    """The element's content as lines and tables. Raises `Unrenderable` for pictures and for markup nested past
    reading.
    """
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    pending = element.text or ""
    for child in element:
        name = name_of(child)
        if _is_block(child):
            yield from _lines(pending)
            yield from _block(child, name, depth + 1)
            pending = child.tail or ""
        else:
            pending += _run(child, name, depth + 1) + (child.tail or "")
    yield from _lines(pending)


def words(element: Element) -> str:
    """All words in it, on one line."""
    return " ".join("".join(element.itertext()).split())


def _block(element: Element, name: str, depth: int) -> Iterator[Set]:
    if name in HEADINGS:
        yield Line(words(element), bold=True, gap=12)
    elif name in LISTS:
        yield from _list(element, depth)
    elif name == "table":
        yield from _table(element, depth)
    elif name == "hr":
        yield Line(rule=True, gap=16)
    else:
        yield from _spaced(narrative(element, depth))


def _list(element: Element, depth: int) -> Iterator[Set]:
    ordered = name_of(element) == "ol" or element.get("listType") == "ordered"
    number = 0
    yield from _lines(element.text or "")
    for item in element:
        if name_of(item) == "caption":
            yield Line(words(item), bold=True, gap=8)
        elif name_of(item) in {"item", "li"}:
            number += 1
            mark = f"{number}. " if ordered else "• "
            for place, each in enumerate(narrative(item, depth + 1)):
                if isinstance(each, Line):
                    text = each.text if place else mark + each.text
                    yield each._replace(text=text, indent=each.indent + INDENT, gap=4 if not place else each.gap)
                else:
                    yield each
        else:
            yield from _stray(item, depth)
        yield from _lines(item.tail or "")


def _stray(element: Element, depth: int) -> Iterator[Set]:
    """What stands where only items, rows or cells belong: other readers show it, so it is told."""
    if _is_block(element):
        yield from _block(element, name_of(element), depth + 1)
    else:
        yield from _lines(_run(element, name_of(element), depth + 1))


def _table(element: Element, depth: int) -> Iterator[Set]:
    parts = list(_parts(element, depth))
    yield from _between([element, *(part for part in parts if name_of(part) in GROUPS)])
    for part in parts:
        if name_of(part) == "caption":
            yield Line(words(part), bold=True, gap=12)
        elif name_of(part) not in {"tr", *GROUPS}:
            yield from _stray(part, depth)
    rows = [Row(_heads(part), tuple(_cells(part, depth))) for part in parts if name_of(part) == "tr"]
    rows = [row for row in rows if any(row.cells)]
    columns = max((len(row.cells) for row in rows), default=0)
    heads = next((row.cells for row in rows if row.heads), ())
    if columns > MAX_COLUMNS:
        yield from _told(rows, heads)
        return
    filled = [row.cells + ("",) * (columns - len(row.cells)) for row in rows]
    widths = tuple(max(len(cells[n]) for cells in filled) for n in range(columns))
    for place, (row, cells) in enumerate(zip(rows, filled, strict=True)):
        yield Cells(cells, widths, bold=row.heads, gap=12 if not place else 4, rule=bool(place) or row.heads)


def _parts(element: Element, depth: int) -> Iterator[Element]:
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    for child in element:
        yield child
        if name_of(child) in GROUPS:
            yield from _parts(child, depth + 1)


def _between(groups: Iterable[Element]) -> Iterator[Line]:
    """The words of a table that stand in none of its rows."""
    for group in groups:
        yield from _lines(BREAK.join([group.text or "", *(child.tail or "" for child in group)]))


def _told(rows: list[Row], heads: tuple[str, ...]) -> Iterator[Set]:
    for row in rows:
        if row.cells is heads and len(rows) > 1:
            continue  # it names the cells of the others
        for place, cell in enumerate(row.cells):
            label = heads[place] if place < len(heads) else f"Column {place + 1}"
            yield Line(cell, label=label or f"Column {place + 1}", gap=4 if place else 16, rule=not place)


def _cells(row: Element, depth: int) -> Iterator[str]:
    if loose := " ".join(line.text for line in _between([row])):
        yield loose
    for cell in row:
        if name_of(cell) not in {"td", "th"}:
            if stray := "\n".join(_flat(_stray(cell, depth))):
                yield stray
        else:
            yield "\n".join(_flat(narrative(cell, depth + 1)))
            # a cell over several columns keeps the others in their place
            yield from [""] * (min(int(span), 30) - 1 if (span := cell.get("colspan", "1")).isdecimal() else 0)


def _flat(content: Iterable[Set]) -> Iterator[str]:
    for each in content:
        if isinstance(each, Line):
            yield f"{each.label}: {each.text}" if each.label else each.text
        else:
            yield " · ".join(cell for cell in each.texts if cell)


def _heads(row: Element) -> bool:
    names = {name_of(cell) for cell in row}
    return "th" in names and "td" not in names


def _run(element: Element, name: str, depth: int) -> str:
    """The words of an element that runs on in its line, with their spaces."""
    if name in PICTURES:
        raise Unrenderable("The document has a picture that its text only points to; give it as PDF.", code="enclosed")
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    if name == "br":
        return BREAK
    if not name or name in UNSEEN:
        return ""
    parts = [element.text or ""]
    for child in element:
        if _is_block(child):
            parts += [BREAK, BREAK.join(_flat(_block(child, name_of(child), depth + 1))), BREAK]
        else:
            parts.append(_run(child, name_of(child), depth + 1))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_block(element: Element) -> bool:
    name = name_of(element)
    return name in BLOCKS or name in HEADINGS or name in LISTS or name in {"table", "hr"}


def _lines(text: str) -> Iterator[Line]:
    for row in text.split(BREAK):
        if plain := " ".join(row.split()):
            yield Line(plain)


def _spaced(content: Iterator[Set]) -> Iterator[Set]:
    for place, each in enumerate(content):
        yield each if place or isinstance(each, Cells) else each._replace(gap=max(each.gap, 8))

"""A checker of TIFF class F, written from RFC 2306 and RFC 3949 and sharing nothing with the code under test.

Reads the file itself, byte by byte, so that it does not inherit a library's opinion of what is well formed.
"""

import struct

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}
REQUIRED = {254, 256, 257, 258, 259, 262, 273, 278, 279, 282, 283, 296, 297}


def faults(data: bytes) -> list[str]:
    """What is wrong with the file as class F; empty if nothing is."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or struct.unpack_from(order + "H", data, 2)[0] != 42:
        return ["not a TIFF file"]
    found = [] if order == "<" else ["big-endian: the minimum set is little-endian"]
    pages = directories(data, order)
    for number, page in enumerate(pages):
        found += [f"page {number + 1}: {fault}" for fault in _page_faults(page, number, len(pages), len(data))]
    return found if pages else ["no page"]


def directories(data: bytes, order: str = "<") -> list[dict[int, tuple]]:
    """Tag to values, page by page, in the order of the file."""
    pages, at = [], struct.unpack_from(order + "I", data, 4)[0]
    while at:
        count = struct.unpack_from(order + "H", data, at)[0]
        entries = [struct.unpack_from(order + "HHI4s", data, at + 2 + 12 * n) for n in range(count)]
        tags = [entry[0] for entry in entries]
        assert tags == sorted(set(tags)), "tags out of order"
        pages.append({tag: _values(data, order, kind, n, raw) for tag, kind, n, raw in entries})
        at = struct.unpack_from(order + "I", data, at + 2 + 12 * count)[0]
    return pages


def _values(data: bytes, order: str, kind: int, count: int, raw: bytes) -> tuple:
    size = SIZES[kind] * count
    source = raw[:size] if size <= 4 else data[(at := struct.unpack(order + "I", raw)[0]) : at + size]
    if kind == 5:
        numbers = struct.unpack(f"{order}{2 * count}I", source)
        return tuple(numbers[n] / numbers[n + 1] for n in range(0, len(numbers), 2))
    return struct.unpack(f"{order}{count}{'?BcHI'[kind]}", source)


def _page_faults(page: dict[int, tuple], number: int, total: int, length: int) -> list[str]:
    missing = sorted(REQUIRED - set(page))
    if missing:
        return [f"tags missing: {missing}"]
    wanted = {
        "width is a fax width": page[256][0] in {1728, 2048, 2432},
        "bilevel": page[258] == (1,) and page.get(277, (1,)) == (1,),
        "coded as MH, MR or MMR": page[259][0] in {3, 4},
        "white is zero": page[262] == (0,),
        "marked as a page of several": page[254] == (2,),
        "one strip": len(page[273]) == 1 and page[278][0] >= page[257][0],
        "strip inside the file": page[273][0] + page[279][0] <= length,
        "204 dots to the inch across": page[282] == (204.0,),
        "98 or 196 lines to the inch": page[283][0] in {98.0, 196.0},
        "resolution in inches": page[296] == (2,),
        "bit order 1 or 2": page.get(266, (1,))[0] in {1, 2},
        "numbered in order": page[297] == (number, total),
    }
    return [name for name, kept in wanted.items() if not kept]

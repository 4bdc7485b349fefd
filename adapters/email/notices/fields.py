"""Fields as notifications write them: `Name: value`, folded lines, groups apart by an empty line (RFC 822 syntax)."""

import re

_NAME = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_LONGEST = 64 * 1024
_MOST = 500

Fields = dict[str, str]
"""By name in lower case; the first of several, as a later one may be another system's addition."""


def groups_of(text: bytes) -> list[Fields]:
    """Each group's fields; what is no field is passed over."""
    lines = text[:_LONGEST].decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    groups: list[list[str]] = [[]]
    for line in lines[:_MOST]:
        if not line.strip():
            groups.append([])
        elif line[0] in " \t" and groups[-1]:
            groups[-1][-1] += " " + line.strip()
        else:
            groups[-1].append(line.rstrip())
    return [_fields(group) for group in groups if group]


def _fields(lines: list[str]) -> Fields:
    found: Fields = {}
    for line in lines:
        match = _NAME.fullmatch(line)
        if match:
            found.setdefault(match[1].lower(), match[2].strip())
    return found


def address_of(value: str) -> str:
    """The address in `rfc822; a@b.example` or `rfc822; "A" <a@b.example>`, in lower case; empty if there is none."""
    kind, _, address = value.rpartition(";")
    plain = address.rpartition("<")[2].strip().strip("<>").lower()
    return plain if kind.strip().lower() in {"rfc822", "utf-8", ""} and "@" in plain else ""


def message_id_of(value: str) -> str:
    """A Message-ID without its angle brackets."""
    return value.strip().removeprefix("<").removesuffix(">").strip()


def one_line(value: str) -> str:
    """Safe as a field's value: no line break can write a field of its own, ASCII only, of bounded length."""
    plain = "".join(each if " " <= each <= "~" else "?" for each in value)
    return plain[:500]

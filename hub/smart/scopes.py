"""SMART v2 scopes, `system/Resource.cruds`: what is asked, what is granted, what a request needs."""

import re
from collections.abc import Iterable

from hub.errors import Malformed

_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,40})\.(c?r?u?d?s?)")
_LETTERS = "cruds"


def read_scopes(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list. Raises `Malformed` for what is none of this form."""
    found = tuple(dict.fromkeys(text.split()))
    for each in found:
        parts = _SCOPE.fullmatch(each)
        if parts is None or not parts[2]:
            raise Malformed("A scope is system/RESOURCE.cruds, the letters in this order.", field="scope")
    if not found:
        raise Malformed("At least one scope is needed.", field="scope")
    return found


def granted(asked: Iterable[str], registered: Iterable[str]) -> tuple[str, ...]:
    """What of the asked is registered: never more than either."""
    found = []
    for one in map(_parts, asked):
        for other in map(_parts, registered):
            resource = _narrower(one[0], other[0])
            letters = "".join(letter for letter in _LETTERS if letter in one[1] and letter in other[1])
            if resource and letters:
                found.append(f"system/{resource}.{letters}")
    return tuple(dict.fromkeys(found))


def needed_for(method: str, route: str) -> tuple[str, str] | None:
    """Resource and letter that a route (as the router names it) needs; none: no scope reaches it."""
    if not route.startswith("/fhir/"):
        return None
    if route == "/fhir/$process-message":
        return "MessageHeader", "c"  # a message is what is created
    resource, _, rest = route.removeprefix("/fhir/").partition("/")
    letters = {("GET", True): "r", ("GET", False): "s", ("PUT", True): "u", ("POST", False): "c"}
    letter = letters.get((method, bool(rest)))
    return (resource, letter) if letter else None


def covers(scopes: Iterable[str], needed: tuple[str, str]) -> bool:
    """Whether one of the scopes has this letter for this resource."""
    return any(resource in ("*", needed[0]) and needed[1] in letters for resource, letters in map(_parts, scopes))


def _parts(scope: str) -> tuple[str, str]:
    resource, _, letters = scope.removeprefix("system/").partition(".")
    return resource, letters


def _narrower(one: str, other: str) -> str:
    if one == "*":
        return other
    return one if other in ("*", one) else ""

"""Where a Reference inside a bundle points (FHIR R4, resolving references in bundles).

Rules kept: nothing is fetched from elsewhere; a relative reference is read against the base of whoever refers; one that
could mean two resources means none, since the other may be another person's; a contained resource is its owner's alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

_RESTFUL = re.compile(r"(?P<base>https?://.+/)?(?P<name>[A-Z][A-Za-z]{1,40}/[A-Za-z0-9\-.]{1,64})")
_VERSION = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}$")


class Places:
    """The resources of a bundle by where they stand. `entries`: address (`fullUrl`) and resource."""

    def __init__(self, entries: Iterable[tuple[str, Json]]) -> None:
        self._by_url: dict[str, Json] = {}
        self._by_name: defaultdict[str, list[Json]] = defaultdict(list)
        self._bases: dict[int, str] = {}
        for url, resource in entries:
            self._by_url[url] = resource
            found = _RESTFUL.fullmatch(url)
            if found is not None:
                self._bases[id(resource)] = found["base"] or ""
            own = resource.get("id")
            stated = f"{resource['resourceType']}/{own}" if isinstance(own, str) and own else ""
            for name in {found["name"] if found else "", stated} - {""}:
                self._by_name[name].append(resource)

    def at(self, reference: object, owner: Json) -> Json | None:
        """What the Reference of `owner` points to; none if that is not in the bundle, or not certain."""
        target = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(target, str) or not target:
            return None
        if target.startswith("#"):
            return _contained(owner, target[1:])
        target = _VERSION.sub("", target)
        if "://" in target or target.startswith("urn:"):
            return self._by_url.get(target)
        base = self._bases.get(id(owner))
        if base is not None and base + target in self._by_url:
            return self._by_url[base + target]
        found = self._by_name.get(target, [])
        return found[0] if len(found) == 1 else None


def nodes(resource: object) -> Iterator[Json]:
    """Every object in it, itself and what is contained, however deep."""
    waiting = [resource]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _contained(owner: Json, name: str) -> Json | None:
    inside = owner.get("contained")
    found = [
        each
        for each in (inside if isinstance(inside, list) else [])
        if isinstance(each, dict) and each.get("id") == name and isinstance(each.get("resourceType"), str)
    ]
    return found[0] if len(found) == 1 else None

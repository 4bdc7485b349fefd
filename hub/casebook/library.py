"""Where cases lie: a library directory, or a file that finds its cast and templates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub.casebook.cast import Cast, read_cast
from hub.casebook.fields import KEY, LONGEST_NAME, fault
from hub.casebook.questions import Case, read_case
from hub.casebook.yamltext import load_file
from hub.errors import TooLarge


class Library(NamedTuple):
    """What the cases of a county have in common."""

    cast: Cast
    templates: Mapping[str, Any]


def read_library(root: Path) -> dict[str, list[Case]]:
    """All cases of a library, by file name. Raises Malformed, also for a name used twice."""
    name = root.resolve().name
    library = _library_in(root) or fault(name, "holds no cast.yaml")
    paths = sorted((root / "cases").glob("*.yaml"))
    if not paths:
        fault(name, "holds no cases/*.yaml")
    seen: set[str] = set()
    return {path.name: list(read_cases(path.name, load_file(path), library, seen)) for path in paths}


def read_file(path: Path) -> list[Case]:
    """The cases of one file: a list of cases, one case, or a mapping with `cases` and its own cast and templates."""
    content = load_file(path)
    library = next((found for above in path.resolve().parents if (found := _library_in(above))), None)
    return cases_in(path.name, content, library)


def cases_in(where: str, content: object, library: Library | None = None, most: int | None = None) -> list[Case]:
    """The cases of a text: a list, one case, or a mapping with `cases` and its own cast and templates.

    `library` is what lies beside it. Raises Malformed, and TooLarge for more than `most`.
    """
    if isinstance(content, Mapping) and "cases" in content:
        for name in content:
            if name not in {"cast", "templates", "cases"}:
                fault(where, "beside cases only cast and templates may stand")
        library = _embedded(where, content, library)
        content = content["cases"]
    if library is None:
        fault(where, "has no cast, and none lies beside or above it")
    cases = [content] if isinstance(content, Mapping) else content
    if most is not None and isinstance(cases, list) and len(cases) > most:
        raise TooLarge(f"At most {most} cases at once.", field="cases")
    return list(read_cases(where, cases, library, set()))


def read_cases(where: str, content: object, library: Library, seen: set[str]) -> Iterator[Case]:
    """The cases of a list; their names join those `seen`. Raises Malformed, also for a name used twice."""
    if not isinstance(content, list) or not content:
        fault(where, "should be a list of cases")
    for number, entry in enumerate(content, 1):
        place = f"{where}: {_called(entry) or f'case {number}'}"
        case = read_case(place, entry, library.cast, library.templates)
        if case.name in seen:
            fault(place, "the name is used twice")
        seen.add(case.name)
        yield case


def _called(entry: object) -> str | None:
    """The name of a case if it may stand in an error."""
    name = entry.get("case") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and len(name) <= LONGEST_NAME and KEY.fullmatch(name) else None


def _library_in(root: Path) -> Library | None:
    cast, templates = root / "cast.yaml", root / "templates.yaml"
    if not cast.is_file():
        return None
    return Library(
        read_cast(cast.name, load_file(cast)),
        _templates(templates.name, load_file(templates)) if templates.is_file() else {},
    )


def _embedded(where: str, content: Mapping[str, Any], beside: Library | None) -> Library:
    cast = read_cast(where, content["cast"]) if "cast" in content else beside and beside.cast
    if cast is None:
        fault(where, "has no cast, and none lies beside or above it")
    templates = _templates(where, content["templates"]) if "templates" in content else beside and beside.templates
    return Library(cast, templates or {})


def _templates(where: str, value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else fault(where, "templates should be a mapping of names")

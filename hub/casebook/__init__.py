"""Case libraries: what counsel and compliance officers write, read into questions for the engine.

The format is `tests/cases/FORMAT.md`. A library is a directory with `cast.yaml`, `templates.yaml` and `cases/*.yaml`;
a single file finds its cast and templates beside it, above it, or in itself. Whatever is not understood is refused in
one line that names the file, the case and the field: a typo must never silently become a default.
"""

from hub.casebook.library import Library, cases_in, read_cases, read_file, read_library
from hub.casebook.questions import Case, Expect, read_case

__all__ = ["Case", "Expect", "Library", "cases_in", "read_case", "read_cases", "read_file", "read_library"]

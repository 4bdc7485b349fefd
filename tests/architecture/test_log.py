"""What the log says: fields from a fixed list (INVARIANT: metadata-is-content), and all that a line is meant to say."""

from hub.telemetry import FIELDS
from tests.architecture.tree import logged, modules


def test_a_log_line_has_no_field_that_the_log_would_drop() -> None:
    lines = {str(path): set(logged(path)) for path in modules("hub", "adapters")}
    assert any(lines.values())
    assert {path: fields - FIELDS for path, fields in lines.items() if fields - FIELDS} == {}


def test_every_field_of_the_log_is_used() -> None:
    used = {field for path in modules("hub", "adapters") for field in logged(path)}
    assert FIELDS - used == {"event", "level", "timestamp"}

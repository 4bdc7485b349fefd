"""Whatever stands in a dropped file, each row is taken or told with a code, or the file is refused with one."""

import csv
import io
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from adapters.file.layout import NOTICES, REFERRALS, SEPARATORS, rows
from hub.errors import Malformed

ZONE = ZoneInfo("America/Los_Angeles")
USUAL = {
    "row_id": "1",
    "event": "admit",
    "event_at": "2026-03-06T22:40",
    "cin": "01234567A",
    "visit": "V-1",
    "family": "Quintanar",
    "given": "Marisol",
    "born": "1988-04-11",
    "setting": "inpatient",
    "step": "referral",
    "step_at": "2026-03-06T22:40",
    "referral": "R-1",
    "to": "lantern",
}
ODD = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "=1+1", '"', "a\nb", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "admit_cancelled", "accepted"]
    ),
)


def read(content: bytes) -> None:
    try:
        _, found = rows(content, ZONE, "operations")
    except Malformed as error:
        found = []
        assert error.detail_code in ("not-utf-8", "not-csv", "header-unknown", "too-many-rows")  # noqa: PT017 - either
    assert all((row.packet is None) == bool(row.code) for row in found)


@given(st.sampled_from([NOTICES, REFERRALS]), st.sampled_from(SEPARATORS), st.dictionaries(st.integers(0, 12), ODD))
def test_any_cells_are_taken_or_told(layout: tuple[str, ...], separator: str, odd: dict[int, str]) -> None:
    cells = [odd.get(n, USUAL.get(name, "")) for n, name in enumerate(layout)]
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([layout, cells])
    read(out.getvalue().encode("utf-8", "replace"))


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(content: bytes) -> None:
    read(content)
    read(",".join(NOTICES).encode() + b"\n" + content)

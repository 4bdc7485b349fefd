"""The filters of the log as they stand in an address: read, checked, written again. Ids and codes, never a name."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from hub.desk.log import FILTERS, Wanted
from hub.errors import Malformed
from hub.web.pages import times

_CODE = re.compile(r"[A-Za-z0-9 .&()_-]{1,64}")
_POSITION = re.compile(r"[0-9]{1,15}")
DATES = ("since", "until")
KEPT = (*FILTERS, *DATES)


class Asked(NamedTuple):
    """What was asked for, as texts, and as the log is asked."""

    texts: Mapping[str, str]
    wanted: Wanted

    def address(self, **changes: str) -> str:
        """The address with some filters changed (empty: taken away), from its first page on."""
        kept = {name: value for name, value in {**self.texts, **changes}.items() if value}
        return "/desk/log" + (f"?{urlencode(kept)}" if kept else "")

    @property
    def query(self) -> str:
        """The filters alone, as they are saved."""
        return urlencode(dict(self.texts))


def read(given: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """Raises `Malformed` naming the field; empty ones and `any` do not narrow."""
    texts = {name: given.get(name, "").strip() for name in KEPT}
    texts = {name: value for name, value in texts.items() if value}
    for name in FILTERS:
        if name in texts and not _CODE.fullmatch(texts[name]):
            raise Malformed("A filter is an id or a code.", field=name)
    before = given.get("before", "")
    if before and not _POSITION.fullmatch(before):
        raise Malformed("A page begins at a position.", field="before")
    filters: dict[str, Any] = {name: texts[name] for name in FILTERS if name in texts}
    wanted = Wanted(
        **filters,
        since=_day("since", texts, zone),
        until=_day("until", texts, zone),
        before=int(before) if before else None,
    )
    return Asked(texts, wanted)


def _day(name: str, texts: Mapping[str, str], zone: ZoneInfo) -> int | None:
    if name not in texts:
        return None
    try:
        return times.start_of(texts[name], zone) if name == "since" else times.end_of(texts[name], zone)
    except (ValueError, OverflowError):
        raise Malformed("A date is written YYYY-MM-DD.", field=name) from None

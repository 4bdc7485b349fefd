"""A telephone number as people read and dial it."""

import re

_NORTH_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


def written(number: str) -> str:
    """+17075550100 (E.164) as (707) 555-0100; any other as it is."""
    found = _NORTH_AMERICAN.fullmatch(number)
    return "({}) {}-{}".format(*found.groups()) if found else number

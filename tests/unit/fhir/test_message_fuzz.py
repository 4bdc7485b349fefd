"""Whatever stands in a bundle or a Consent, it is read, or refused with a code and a place; no reader fails."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Malformed, Rejected
from hub.fhir.consent_in import Place, parse, read_consent
from hub.fhir.message_in import read_message
from hub.fhir.notification_in import arrival_of
from tests.integration.test_consent_fhir import resource
from tests.integration.test_fhir_messages import notification
from tests.integration.test_fhir_referrals import referral

ZONE = ZoneInfo("America/Los_Angeles")
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "\x00", [], [None], [[]], [{}], {}, {"a": 1}, [1, "a", {}]),
    *("2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31"),
)
SEEDS = {
    "admission": notification(),
    "discharge": notification("notification-discharge"),
    "transfer": notification("notification-transfer"),
    "referral": referral(),
    "consent": resource("m-1"),
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield (*at, name)
        yield from places(each, (*at, name))


def read(body: Any) -> None:
    """Raises what the readers raise."""
    raw = json.dumps(body).encode()
    if body.get("resourceType") == "Consent":
        read_consent(parse(raw), Place({}, ZONE, datetime(2026, 3, 1, tzinfo=UTC)))
    else:
        arrival_of(read_message(raw), raw, "harbor", ZONE)


def changed(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    body = copy.deepcopy(body)
    inside = body
    for name in at[:-1]:
        inside = inside[name]
    if value is ...:
        del inside[at[-1]]
    else:
        inside[at[-1]] = value
    return body


def told(body: Any) -> None:
    refusal = None
    try:
        read(body)
    except Rejected as error:
        refusal = error
    assert refusal is None or (refusal.detail_code and (refusal.field or refusal.status == 415))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_element_may_be_missing_or_of_any_kind(seed: str) -> None:
    for at in places(SEEDS[seed]):
        for value in (..., *ODD):
            told(changed(SEEDS[seed], at, value))


@given(st.sampled_from(sorted(SEEDS)), st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(ODD)), max_size=6))
def test_several_may_be_wrong_at_once(seed: str, changes: list[tuple[int, Any]]) -> None:
    body = SEEDS[seed]
    for number, value in changes:
        there = [at for at in places(body) if at != ("resourceType",)]
        if there:
            body = changed(body, there[number % len(there)], value)
    told(body)


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_a_resource_that_names_an_element_twice_is_refused_and_one_with_a_nul_too(seed: Any) -> None:
    written = json.dumps(seed)
    again = written.replace('"status":', '"status": "unknown", "status":', 1)
    for text, code in (
        (again, "duplicate-name"),
        (written.replace('"code": "', '"code": "\\u0000', 1), "nul-character"),
    ):
        assert text != written
        with pytest.raises(Malformed) as refusal:
            parse(text.encode()) if seed["resourceType"] == "Consent" else read_message(text.encode())
        assert refusal.value.detail_code == code

"""Whatever bytes a sender calls a manifest, the answer names what is wrong and quotes nothing."""

import json

import pytest

from hub.errors import Malformed
from hub.intake import read_manifest


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"kind":"\xec"}', b"\xff\xfe", b"[" * 200_000, b'{"kind":' * 100_000, b'{"kind":"Marisol"}'],
)
def test_what_is_no_manifest_is_malformed_and_not_quoted(raw: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        read_manifest(raw)
    assert "Marisol" not in str(refusal.value)


@pytest.mark.parametrize("control", ["\x1b", "\r\n", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["$.items[0].title", "$.event.setting", "$.event.contact"])
def test_a_line_that_a_partner_will_read_holds_no_control(field: str, control: str) -> None:
    """FHIR strings hold none: a partner would refuse the whole message. A NUL no JSON may hold (hub.jsontext)."""
    words = {"$.items[0].title": "ASAM – résumé", "$.event.setting": "inpatient", "$.event.contact": "Front desk"}
    read_manifest(_notice(words))
    with pytest.raises(Malformed) as refusal:
        read_manifest(_notice(words | {field: f"Marisol{control}Vega"}))
    assert refusal.value.field == field


@pytest.mark.parametrize("field", ["$.event.setting", "$.event.contact"])
def test_a_line_is_not_a_page(field: str) -> None:
    words = {"$.items[0].title": "t", "$.event.setting": "", "$.event.contact": ""}
    with pytest.raises(Malformed) as refusal:
        read_manifest(_notice(words | {field: "x" * 201}))
    assert refusal.value.field == field


def _notice(words: dict[str, str]) -> bytes:
    return json.dumps({
        "kind": "admit_notice",
        "member": {"cin": "01234567A"},
        "purpose": "operations",
        "recipients": [{"organization": "sunrise"}],
        "event": {
            "kind": "admit", "at": "2026-03-02T10:00:00Z",
            "setting": words["$.event.setting"], "contact": words["$.event.contact"],
        },
        "items": [{"document": "n", "title": words["$.items[0].title"], "information": "attendance"}],
    }).encode()  # fmt: skip

"""Whatever bytes a sender calls a manifest, the answer names what is wrong and quotes nothing."""

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

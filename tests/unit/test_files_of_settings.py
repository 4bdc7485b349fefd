"""A file that a setting names and that cannot be used: the refusal says which setting, and what to mend."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.bootstrap.secrets import content, readable
from hub.errors import ConfigurationError

NOBODY = 65534


@contextmanager
def as_anybody_else() -> Iterator[None]:
    """Root reads everything; the hub's user does not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "hub.key"
    path.write_bytes(b"key")
    return path


def test_a_key_that_root_kept_for_itself_is_told_from_one_that_is_not_there(key: Path) -> None:
    key.chmod(0o600 if os.geteuid() == 0 else 0)
    with as_anybody_else(), pytest.raises(ConfigurationError, match=r"HUB_MLLP_KEY .* user may not read \(chown\)"):
        content(key, "HUB_MLLP_KEY", secret=True)
    with pytest.raises(ConfigurationError, match="HUB_MLLP_KEY names a file that is not there"):
        content(key.with_name("none"), "HUB_MLLP_KEY", secret=True)
    with pytest.raises(ConfigurationError, match="HUB_MLLP_KEY names a file that cannot be read"):
        content(key.parent, "HUB_MLLP_KEY")


def test_a_secret_is_closed_to_others_and_a_certificate_need_not_be(key: Path) -> None:
    key.chmod(0o644)
    assert readable(key, "HUB_MLLP_CERT") == key
    with pytest.raises(ConfigurationError, match=r"HUB_MLLP_KEY names a file that other users may read \(chmod 600\)"):
        readable(key, "HUB_MLLP_KEY", secret=True)

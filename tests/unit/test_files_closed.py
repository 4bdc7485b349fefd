"""What the command line writes about patients is its user's alone."""

import os
from pathlib import Path

import pytest

from hub.cli.files import write_closed


@pytest.mark.parametrize("stood", [False, True])
def test_a_file_is_closed_to_other_users_also_where_an_open_one_stood(tmp_path, stood):
    path = tmp_path / "letter.pdf"
    if stood:
        path.write_bytes(b"an older and longer letter")
        path.chmod(0o644)
    write_closed(path, b"a letter")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"a letter", 0o600)


def test_a_device_is_written_to_and_keeps_its_mode():
    null = Path(os.devnull)
    before = null.stat().st_mode
    write_closed(null, b"a letter")
    assert null.stat().st_mode == before

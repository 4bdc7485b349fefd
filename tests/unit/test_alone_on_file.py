"""One serving process a SQLite file, and what is said where that cannot be seen to."""

import errno
from pathlib import Path

import pytest

from hub.bootstrap import alone_on_file
from hub.errors import ConfigurationError
from hub.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"HUB_DATA": str(tmp_path)})


def test_a_second_one_is_refused_while_the_first_one_serves_and_not_after(settings: Settings) -> None:
    with alone_on_file(settings), pytest.raises(ConfigurationError, match="already serves"), alone_on_file(settings):
        raise AssertionError
    with alone_on_file(settings):
        pass


def test_a_folder_that_takes_no_locks_is_told_as_that(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_file: object, _kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(ConfigurationError, match="takes no locks"), alone_on_file(settings):
        raise AssertionError

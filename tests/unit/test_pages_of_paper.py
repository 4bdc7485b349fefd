"""Pages of a stranger's paper are counted up to a bound, however many it says it has."""

import struct

import pytest
from PIL.TiffImagePlugin import TiffImageFile

from hub.inbound import pictures

_FIELDS = ((256, 3, 8), (257, 3, 8), (258, 3, 1), (259, 3, 1), (262, 3, 0), (273, 4, 8), (278, 4, 8), (279, 4, 8))
_SIZE = 2 + 12 * len(_FIELDS) + 4


def tiff(frames: int, last: int = 0) -> bytes:
    """A chain of so many image file directories (TIFF 6.0, section 2); the last one points to `last`."""
    out = b"II*\0" + struct.pack("<I", 8)
    for number in range(frames):
        after = last if number == frames - 1 else 8 + (number + 1) * _SIZE
        fields = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in _FIELDS)
        out += struct.pack("<H", len(_FIELDS)) + fields + struct.pack("<I", after)
    return out


@pytest.mark.parametrize("frames", [1, 3])
def test_the_pages_of_a_fax_are_counted(frames: int) -> None:
    assert pictures.count(tiff(frames), "image/tiff") == frames


def test_of_a_fax_with_pages_without_end_no_more_are_followed_than_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    seek = TiffImageFile.seek

    def counted(image: TiffImageFile, frame: int) -> None:
        asked.append(frame)
        seek(image, frame)

    monkeypatch.setattr(TiffImageFile, "seek", counted)
    assert pictures.count(tiff(2_000), "image/tiff") == pictures.MAX_PAGES
    assert max(asked) < pictures.MAX_PAGES

"""MLLP frames out of a stream of bytes (HL7 v2 transport, minimal lower layer protocol): 0x0B message 0x1C 0x0D.

Rules kept: any split at any byte gives the same frames; what stands between frames is dropped; a frame is complete at
0x1C, so that a sender who forgets the 0x0D is served; a start inside a frame means that the earlier one was cut; a
frame over the limit costs no more memory than the limit.
"""

from hub.model import Frozen

START, END, RETURN = 0x0B, 0x1C, 0x0D
MAX_BYTES = 1024 * 1024
LARGEST_MAX_BYTES = 20 * 1024 * 1024
_HEAD = 2048
"""Of a refused frame: enough for the header segment that the answer echoes."""


class Frame(Frozen, frozen=True):
    """One message as it came. `fault` is empty, `cut` (another frame began inside it) or `too-large`; a faulty frame
    holds its beginning only; `unfinished` says that the rest never came.
    """

    content: bytes
    fault: str = ""


def frame(message: bytes) -> bytes:
    """The message between its start and end blocks."""
    return b"%c%b%c%c" % (START, message, END, RETURN)


class FrameReader:
    """Feed it what arrives; it gives the frames that are complete."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._inside = False
        self._dropped = 0

    @property
    def inside(self) -> bool:
        """A frame has begun and not ended."""
        return self._inside

    @property
    def dropped(self) -> int:
        """Bytes of the present frame beyond the limit."""
        return self._dropped

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete, in order."""
        done: list[Frame] = []
        at = 0
        while at < len(data):
            if not self._inside:
                start = data.find(START, at)
                if start < 0:
                    break
                self._begin()
                at = start + 1
            else:
                at = self._continue(data, at, done)
        return done

    def unfinished(self) -> Frame | None:
        """The beginning of a frame that did not end before the stream or the time did; it is given up."""
        if not self._inside:
            return None
        self._inside = False
        return Frame(bytes(self._buffer[:_HEAD]), "too-large" if self._dropped else "unfinished")

    def _begin(self) -> None:
        self._inside, self._dropped = True, 0
        self._buffer.clear()

    def _continue(self, data: bytes, at: int, done: list[Frame]) -> int:
        end = data.find(END, at)
        restart = data.find(START, at, len(data) if end < 0 else end)
        stop = restart if restart >= 0 else end
        self._keep(data[at:] if stop < 0 else data[at:stop])
        if stop < 0:
            return len(data)
        if restart >= 0:
            if self._buffer:
                done.append(Frame(bytes(self._buffer[:_HEAD]), "cut"))
            self._begin()
        else:
            done.append(self._whole())
            self._inside = False
        return stop + 1

    def _keep(self, piece: bytes) -> None:
        room = self._max - len(self._buffer)
        self._buffer += piece[:room]
        self._dropped += max(len(piece) - room, 0)

    def _whole(self) -> Frame:
        if self._dropped:
            return Frame(bytes(self._buffer[:_HEAD]), "too-large")
        return Frame(bytes(self._buffer))

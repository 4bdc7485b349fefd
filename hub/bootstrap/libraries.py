"""Pages of the loaded libraries that only the start ran through are given back to the system.

What is touched once of a mapped file counts as the process's own for good, with its fifteen neighbours: of what 90
libraries are when the hub runs, nearly half is never asked for again. What is, comes back from the system's file cache,
as it does after memory was short: some hundred faults, less than a millisecond, once.

No byte is lost: only segments go that nobody can write, so that the file holds them; not those of an object whose code
was relocated as it was loaded. While the loader's list is held, nothing is unmapped, and nothing else takes its place.
"""

import contextlib
import ctypes
import mmap
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

_LOAD, _DYNAMIC = 1, 2
"""`PT_LOAD` and `PT_DYNAMIC` of elf.h, and what is below of it."""
_WRITABLE = 2
_END, _RELOCATED_CODE, _FLAGS = 0, 22, 30
_RELOCATED_CODE_FLAG = 4
_DONTNEED = 4
"""`MADV_DONTNEED` of the system's mman.h."""


class _Segment(ctypes.Structure):
    """`Elf64_Phdr`."""

    _fields_: ClassVar[Any] = [
        ("kind", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("offset", ctypes.c_uint64),
        ("address", ctypes.c_uint64), ("physical", ctypes.c_uint64), ("in_file", ctypes.c_uint64),
        ("size", ctypes.c_uint64), ("alignment", ctypes.c_uint64),
    ]  # fmt: skip


class _Dynamic(ctypes.Structure):
    """`Elf64_Dyn`."""

    _fields_: ClassVar[Any] = [("tag", ctypes.c_int64), ("value", ctypes.c_uint64)]


class _Loaded(ctypes.Structure):
    """The beginning of `struct dl_phdr_info` of link.h."""

    _fields_: ClassVar[Any] = [
        ("base", ctypes.c_uint64), ("name", ctypes.c_char_p), ("segments", ctypes.POINTER(_Segment)),
        ("count", ctypes.c_uint16),
    ]  # fmt: skip


def give_back_pages() -> None:
    """To be called once, soon after the start. Where the system is another one, it does nothing."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return
    # With the interpreter's lock kept: who had it meanwhile might wait for the loader's, which is held here.
    system = ctypes.PyDLL(None)

    def give_back(loaded: Any, _size: int, _data: object) -> int:
        for start, length in _read_only(loaded.contents):
            system.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), _DONTNEED)
        return 0

    told = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Loaded), ctypes.c_size_t, ctypes.c_void_p)
    with contextlib.suppress(AttributeError):  # another C library
        system.dl_iterate_phdr(told(give_back), None)


def _read_only(loaded: _Loaded) -> Iterator[tuple[int, int]]:
    """Whole pages: addresses and lengths."""
    segments = loaded.segments[: loaded.count]
    if loaded.name == b"linux-vdso.so.1" or _is_relocated(loaded.base, segments):
        return  # the kernel's own, of no file
    for segment in segments:
        if segment.kind == _LOAD and not segment.flags & _WRITABLE:
            start = -(-(loaded.base + segment.address) // mmap.PAGESIZE) * mmap.PAGESIZE
            end = (loaded.base + segment.address + segment.size) // mmap.PAGESIZE * mmap.PAGESIZE
            if end > start:
                yield start, end - start


def _is_relocated(base: int, segments: list[_Segment]) -> bool:
    """Whether the loader wrote to code (`DT_TEXTREL`)."""
    for segment in segments:
        if segment.kind == _DYNAMIC:
            entries = (_Dynamic * (segment.size // ctypes.sizeof(_Dynamic))).from_address(base + segment.address)
            for entry in entries:
                if entry.tag == _END:
                    break
                if entry.tag == _RELOCATED_CODE or (entry.tag == _FLAGS and entry.value & _RELOCATED_CODE_FLAG):
                    return True
    return False

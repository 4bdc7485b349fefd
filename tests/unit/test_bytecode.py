"""Libraries run from byte code in which docstrings are short and all else is as their source says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.bytecode import main

LIBRARY = '''"""What the library is for."""
from __future__ import annotations

class Event:
    """When it happens."""

    def legacy(self) -> None:
        """Whoever heard it before."""
        "no docstring"
        assert self.legacy.__doc__

    async def heard(self) -> str:
        """Who heard it."""
        return """no docstring"""

def untold() -> None:
    text = "no docstring"
'''
SAID = """
import asyncio, library
from library import Event, untold
Event().legacy()
print(library.__doc__, Event.__doc__, Event.legacy.__doc__, Event.heard.__doc__, untold.__doc__)
print(asyncio.run(Event().heard()))
assert __debug__
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a library lies, and something that is no Python; byte code is kept elsewhere."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/library.py").write_text(LIBRARY)
    (tmp_path / "lib/broken.py").write_text("return }")
    main([str(tmp_path / "lib")])
    return tmp_path


def said(installed: Path) -> list[str]:
    environ = {**os.environ, "PYTHONPATH": str(installed / "lib"), "PYTHONPYCACHEPREFIX": str(installed / "kept")}
    done = subprocess.run([sys.executable, "-c", SAID], env=environ, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_a_docstring_is_a_dash_and_asserts_stay(installed):
    assert said(installed) == ["- - - - None", "no docstring"]


def test_of_a_module_that_changed_since_the_byte_code_is_made_anew(installed):
    (installed / "lib/library.py").write_text(LIBRARY.replace("happens", "happens or not"))
    assert said(installed)[0].startswith("What the library is for. When it happens or not.")

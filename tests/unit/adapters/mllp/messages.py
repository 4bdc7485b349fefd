"""Messages for tests: third parties' samples, and small ones of our own."""

from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SAMPLES = ROOT.parent / "shared" / "samples" / "hl7v2"


def samples() -> list[Path]:
    """The third parties' messages, or one parameter that skips with the reason."""
    found = sorted(SAMPLES.glob("*.hl7"))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="no third-party messages beside the project"))]


def adt(
    trigger: str = "A01",
    *,
    control: str = "M1",
    name: str = "QUINTANAR^MARISOL",
    born: str = "19880411",
    cin: str = "01234567A",
    visit: str = "V-1001",
    at: str = "20260306224000-0800",
    facility: str = "HARBOR",
    header: str = "||",
    version: str = "2.5.1",
    more: tuple[str, ...] = (),
) -> bytes:
    """An ADT message; `header` is what follows MSH-12 (MSH-13 on), `more` further segments."""
    lines = [
        f"MSH|^~\\&|EHR|{facility}|HUB|COUNTY|20260306224500-0800||ADT^{trigger}^ADT_{trigger}|{control}|P|{version}{header}",
        f"EVN|{trigger}|20260306224500-0800||||{at}",
        f"PID|1||{cin}^^^MEDI-CAL^MA||{name}||{born}|F",
        f"PV1|1|I|W1^R2^B3^HARBOR{'|' * 16}{visit}",
        *more,
    ]
    return "".join(f"{line}\r" for line in lines).encode()

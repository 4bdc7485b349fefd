"""How the day ends: the table, where everything lies that arrived, and what to open or try next."""

from collections.abc import Sequence
from pathlib import Path

from deploy.demo import gallery, handout, officers, report, terminal
from deploy.demo.report import Step
from deploy.demo.stage import Stage

FILED = (
    ("decrypted mail", "????????????????????????????????.eml"),
    ("documents out of it", "*.pdf"),
    ("fax pages", "*.png"),
    ("FHIR message", "????????????????????????????????.json"),
)
"""What partners name by the delivery's 32 digits, and what came out of it."""

DESKS = (
    ("a packet to send", "elena", "packets/new"),
    ("referrals to answer", "rosa", "referrals"),
    ("a health plan's notices", "noor", "notices"),
    ("emergency access, reviewed", "sam", "glass"),
)
"""What to try, as whom, on which page of the desk."""


def show(on: Stage, steps: Sequence[Step], place: Path) -> None:
    """Print it all, and write the pages to look at."""
    shown = gallery.hang(on)
    terminal.heading("The day")
    print(report.table(steps))
    terminal.heading("What arrived, as its reader sees it")
    for what, where in shown:
        terminal.pair(what, _short(where))
    terminal.heading("What arrived, as it was filed")
    for what, where in FILED:
        for folder in sorted((on.folder / "received").iterdir()):
            if found := sorted(folder.glob(where)):
                terminal.pair(f"{what}: {len(found)}", f"{_short(folder)}/*{found[0].suffix}")
    terminal.heading("To open, to try")
    terminal.pair("the compliance officer's desk", f"{on.base}/desk/")
    terminal.pair("  address and password", f"{officers.OFFICERS[0].email}   {officers.PASSWORD}")
    papers = handout.lay_out(on)
    for what, who, page in DESKS:
        email = next(each.email for each in officers.OFFICERS if each.email.startswith(f"{who}@"))
        terminal.pair(f"  {what}", f"{email}   the same password; {on.base}/desk/{page}")
        if who == "elena":
            terminal.pair("    what to put on it", f"{handout.about(on)}; the files in {_short(papers)}/")
    terminal.pair(
        "  its six digits, now", f".venv/bin/python -m deploy.demo.officers {_short(on.folder / 'officers.json')}"
    )
    terminal.pair("the API's description", f"{on.base}/openapi.json")
    terminal.pair("its counts", f"{on.base}/metrics")
    token = _short(on.folder / "tokens" / "alderhaven")
    terminal.pair("what Alderhaven handed in", f"curl -H @{token} {on.base}/v1/submissions")
    terminal.pair("verify the ledger", f". {_short(on.folder / 'hub.env')} && .venv/bin/part2hub ledger verify")
    terminal.pair("the report", _short(place))
    terminal.summary(sum(step.ok for step in steps), len(steps))


def _short(place: Path) -> str:
    here = Path.cwd()
    return str(place.relative_to(here) if place.is_relative_to(here) else place)

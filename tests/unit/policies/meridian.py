"""Questions in the invented county of the case library, written in a line or two."""

from datetime import date, datetime
from pathlib import Path

from hub.casebook.cast import read_cast
from hub.casebook.library import Library
from hub.casebook.questions import read_case
from hub.casebook.yamltext import load_file
from policies.kernel import decide

ROOT = Path(__file__).parents[2] / "cases"
LIBRARY = Library(read_cast("cast.yaml", load_file(ROOT / "cast.yaml")), load_file(ROOT / "templates.yaml"))
WORLD = LIBRARY.cast.world
AT = "2026-03-02T10:00:00-08:00"
DAY = date(2026, 3, 2)
NOW = datetime.fromisoformat(AT)


def ask(discloser="harbor", recipient="valley-clinic", purpose="treatment", **facts):
    """The request of a case with these facts."""
    question = {"case": "what-if", "at": AT, "discloser": discloser, "recipient": recipient, "purpose": purpose}
    return read_case("what-if", {**question, **facts}, LIBRARY.cast, LIBRARY.templates).request


def answer(*args, **facts):
    return decide(ask(*args, **facts))


def reasons(*args, **facts):
    return set(answer(*args, **facts).reasons)

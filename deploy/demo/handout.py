"""The documents of a warm handoff as files on a counselor's computer, for whoever tries to send a packet."""

from pathlib import Path

from deploy.demo import documents
from deploy.demo.stage import Stage
from deploy.demo.stories.a_warm_handoff import FROM, MEMBER, TO

FOLDER = "to-send"


def lay_out(on: Stage) -> Path:
    """Write them, each named as people name files; their folder."""
    folder = on.folder / FOLDER
    folder.mkdir()
    for each in documents.packet(on.chart(MEMBER, FROM, to=TO)):
        (folder / f"{each.title}.pdf").write_bytes(each.content)
    return folder


def about(on: Stage) -> str:
    """What to type on the form: whom, and to whom."""
    return f"CIN {on.cin(MEMBER)}, to {on.name(TO)}"

"""The received artefacts as pages to look at: opened mail with its PDFs, the FHIR message, each fax; one index.

Rules kept: shown is what a partner filed or printed, never what was sent.
"""

import html
from pathlib import Path

from deploy.demo import artefacts
from deploy.demo.stage import Stage

Shown = tuple[str, Path]


def hang(on: Stage) -> list[Shown]:
    """Write the pages; what each shows, and its place."""
    folder = on.folder / "look"
    folder.mkdir()
    shown = [*_mail(on, folder), *_messages(on, folder), *_faxes(on, folder)]
    items = "".join(f'<li><a href="look/{place.name}">{html.escape(what)}</a></li>' for what, place in shown)
    _page(on.folder / "index.html", f"<h1>What arrived on the invented day</h1><ul>{items}</ul>")
    return [("all of it, page by page", on.folder / "index.html"), *shown]


def _mail(on: Stage, folder: Path) -> list[Shown]:
    whose = (("Hazelmoor Center", on.partners.clinic), ("the mental health plan", on.partners.mhp))
    return [
        (f"mail at {name}", artefacts.mail_page(mail.message, folder, f"mail-{mailbox.folder.name}-{number}"))
        for name, mailbox in whose
        for number, mail in enumerate(mailbox.received, 1)
    ]


def _messages(on: Stage, folder: Path) -> list[Shown]:
    filed = (on.partners.plan.folder / f"{bundle['id']}.json" for bundle in on.partners.plan.received)
    return [
        ("FHIR message at the health plan", artefacts.bundle_page(place.read_bytes(), folder, f"message-{number}"))
        for number, place in enumerate(filed, 1)
    ]


def _faxes(on: Stage, folder: Path) -> list[Shown]:
    shown = []
    for whose, machine in on.partners.faxes.items():
        for number, fax in enumerate(machine.received.values(), 1):
            pages = "".join(f'<img alt="page" src="../{page.relative_to(on.folder)}">' for page in fax.pages)
            place = folder / f"fax-{whose}-{number}.html"
            _page(place, f"<h1>{html.escape(on.name(whose))}</h1>{pages}")
            shown.append((f"fax at {on.name(whose)}", place))
    return shown


def _page(place: Path, body: str) -> None:
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Received</title>'
    place.write_text(f"{head}<style>{artefacts.STYLE}</style><body>{body}</body></html>", encoding="utf-8")

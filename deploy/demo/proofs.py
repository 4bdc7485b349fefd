"""What really arrived: a partner's artefact, measured, beside what was handed in.

Rules kept: everything is read from what the partner filed or printed; a document has arrived if its very bytes are
there; a fax is compared dot for dot, since a page has no text to read.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image

from adapters.fax.front import NOTICE_BODY
from adapters.fax.sheet import Line, compose
from deploy.demo.documents import Made
from deploy.demo.faxmachine import Received
from deploy.demo.mailserver import ClinicMailbox
from deploy.demo.planapi import bundle_documents
from policies.notices import FULL, notice_in

_CONSENT = re.compile(r"SCOPE OF THE CONSENT [^\n]*, reference (\S+)")


@dataclass(frozen=True)
class Arrived:
    """Mail or message as its reader has it."""

    text: str
    documents: tuple[bytes, ...]
    digest: str
    """Of the bytes that came over the wire, SHA-256 in hex; the ledger's intent must name the same."""

    def titles(self, of: Sequence[Made]) -> list[str]:
        """Which of these documents are there, byte for byte."""
        return [made.title for made in of if made.content in self.documents]

    @property
    def notice(self) -> str:
        """`full`: the notice of §2.32(a)(1) word for word."""
        return notice_in(self.text)

    @property
    def consents(self) -> list[str]:
        """Consents whose scope is explained."""
        return _CONSENT.findall(self.text)


def mail(mailbox: ClinicMailbox, delivery: str) -> Arrived:
    """The mail of this delivery, decrypted and verified. Raises `FileNotFoundError` if it never came."""
    raw, inner = ((mailbox.folder / f"{delivery}{end}").read_bytes() for end in (".p7m.eml", ".eml"))
    message = message_from_bytes(inner, _class=EmailMessage, policy=SMTP)
    body = message.get_body(("plain",))
    enclosed = tuple(part.get_payload(decode=True) for part in message.iter_attachments())
    return Arrived(body.get_content() if body else "", enclosed, hashlib.sha256(raw).hexdigest())


def bundle(received: dict[str, Any], digest: str) -> Arrived:
    """A FHIR message as the plan took it; `digest` as its request stated and the plan checked."""
    by_url = {entry["fullUrl"]: entry["resource"] for entry in received["entry"]}
    cover = next(one for one in by_url.values() if one["resourceType"] == "DocumentReference")
    text = base64.b64decode(by_url[cover["content"][0]["attachment"]["url"]]["data"]).decode()
    return Arrived(text, tuple(document.content for document in bundle_documents(received)), digest)


def labelled(received: dict[str, Any]) -> bool:
    """Whether bundle and every resource in it carry the Part 2 label and the refrain from redisclosure."""
    parts = [received, *(entry["resource"] for entry in received["entry"])]
    codes = [{label["code"] for label in part["meta"]["security"]} for part in parts]
    return all({"R", "42CFRPart2", "NORDSCLCD"} <= each for each in codes)


def cover_has_notice(fax: Received) -> bool:
    """Whether the notice stands on the first page, dot for dot."""
    return _stands_on(fax.pages[0], Line(FULL, size=NOTICE_BODY))


def says(fax: Received, label: str, text: str) -> bool:
    """Whether some page has this labelled line, dot for dot."""
    return any(_stands_on(page, Line(text, label=label)) for page in fax.pages)


def blank_pages(fax: Received) -> int:
    return sum(1 for page in fax.pages if _open(page).getextrema() == (255, 255))


def pages_of(documents: Sequence[Made]) -> int:
    """Pages of PDF documents."""
    count = 0
    for made in documents:
        with pypdfium2.PdfDocument(made.content) as pdf:
            count += len(pdf)
    return count


def _stands_on(page: Path, line: Line) -> bool:
    drawn = compose([line])[0]()
    _, top, _, bottom = drawn.point(lambda dot: 255 - dot).getbbox()
    rows = drawn.crop((0, top, drawn.width, bottom)).tobytes()
    return rows in _open(page).tobytes()


def _open(page: Path) -> Image.Image:
    with Image.open(page) as image:
        return image.convert("1", dither=Image.Dither.NONE)

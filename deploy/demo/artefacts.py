"""Turns what the partners received into things a person looks at: fax pages and PDF pages as images, mail as a page.

Rules kept: what is shown is what was received, not what was sent; text from a message is escaped before it stands in a
page; file names carry the reference and a number, never a title or a name.
"""

import email
import email.policy
import html
import io
import json
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
from PIL import Image

PAGE_WIDTH = 1000
"""Dots across of a PDF page shown as an image."""
SUFFIXES = {
    "application/pdf": ".pdf",
    "application/json": ".json",
    "application/fhir+json": ".json",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    "text/plain": ".txt",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .2rem 1rem; border-bottom: 1px solid; padding-bottom: 1rem }
dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
pre { white-space: pre-wrap; font: inherit } img { max-width: 100%; border: 1px solid #999; margin: .5rem 0 }
"""


def fax_pages(tiff: bytes, folder: Path, reference: str) -> list[Path]:
    """Each page of a received fax as a PNG, dot for dot."""
    with Image.open(io.BytesIO(tiff)) as fax:
        return [_saved_frame(fax, number, folder, reference) for number in range(fax.n_frames)]


def pdf_pages(content: bytes, folder: Path, reference: str) -> list[Path]:
    """Each page of a PDF as a PNG, as a screen shows it."""
    places = []
    with pypdfium2.PdfDocument(content) as pdf:
        pdf.init_forms()
        for number, page in enumerate(pdf, 1):
            place = folder / f"{reference}-p{number:02}.png"
            page.render(scale=PAGE_WIDTH / page.get_width(), may_draw_forms=True).to_pil().save(place)
            places.append(place)
    return places


def mail_page(message: bytes, folder: Path, reference: str) -> Path:
    """A decrypted message as one HTML page with its enclosures beside it; answers the page's place."""
    mail = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    enclosures = [_enclosure(part, folder, f"{reference}-{n}") for n, part in enumerate(mail.iter_attachments(), 1)]
    body = mail.get_body(("plain",))
    head = "".join(
        _term(name, str(mail[name])) for name in ("From", "To", "Date", "Subject", "Message-ID") if mail[name]
    )
    text = f"<pre>{html.escape(body.get_content())}</pre>" if body else ""
    return _page(folder / f"{reference}.html", f"<dl>{head}</dl>{text}{''.join(enclosures)}")


def bundle_page(bundle: bytes, folder: Path, reference: str) -> Path:
    """A FHIR bundle as one HTML page, a section for each resource; answers the page's place."""
    entries = json.loads(bundle).get("entry", [])
    sections = [_section(entry.get("resource", {})) for entry in entries]
    return _page(folder / f"{reference}.html", "".join(sections))


def _saved_frame(fax: Image.Image, number: int, folder: Path, reference: str) -> Path:
    fax.seek(number)
    place = folder / f"{reference}-p{number + 1:02}.png"
    fax.save(place, dpi=(204, 196))
    return place


def _enclosure(part: EmailMessage, folder: Path, reference: str) -> str:
    kind = part.get_content_type()
    content = part.get_payload(decode=True)
    place = folder / f"{reference}{SUFFIXES.get(kind, '.bin')}"
    place.write_bytes(content)
    title = html.escape(part.get_filename() or kind)
    link = f'<h2><a href="{place.name}">{title}</a></h2>'
    if kind == "application/pdf":
        return link + "".join(f'<img alt="" src="{page.name}">' for page in pdf_pages(content, folder, reference))
    return link


def _section(resource: dict) -> str:
    shown = {name: value for name, value in resource.items() if name not in {"resourceType", "text", "meta"}}
    if resource.get("resourceType") == "Binary":
        shown["data"] = f"({len(str(shown.get('data', '')))} characters of base64)"
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return f"<h2>{html.escape(str(resource.get('resourceType', '')))}</h2><pre>{html.escape(text)}</pre>"


def _term(name: str, value: str) -> str:
    return f"<dt>{name}</dt><dd>{html.escape(value)}</dd>"


def _page(place: Path, body: str) -> Path:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Received</title><style>{STYLE}</style>'
    place.write_text(f"{head}<body>{body}</body></html>", encoding="utf-8")
    return place

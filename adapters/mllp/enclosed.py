"""Records inside a referral or its answer: encapsulated documents (OBX ED), observations and notes in words.

Rules kept: one whose class nothing says is for a person, since a counseling note must not pass for a summary
(§2.31(b)); one that cannot be read is for a person, too, since nobody would miss it otherwise.
"""

import base64
import binascii

from adapters.classes import INFORMATION_V2, KNOWN, OF_LOINC
from adapters.mllp.message import Message, Segment
from adapters.mllp.restrictions import is_notice
from hub.model import CONTROLS, Document

_MAX_DOCUMENTS = 20
_NO_TEXT = ("ED", "RP")
_COVER = "PART2-NOTICE"
"""Another hub's cover: what goes on gets one of its own."""
_UNCLASSED, _UNREAD = "document.unclassed", "document.unread"

Enclosed = tuple[list[Document], tuple[str, ...]]
"""Items, and the codes of what a person must look at."""


def enclosed(message: Message, *, notes: bool = True) -> Enclosed:
    """The records that a message holds; `notes`: NTE too, which in an answer repeat what the status says."""
    found: list[Document] = []
    review: dict[str, None] = {}
    observations = message.all("OBX")
    for obx in [each for each in observations if each.get(2).upper() in _NO_TEXT]:
        content = _decoded(obx)
        if content is None or len(found) == _MAX_DOCUMENTS:
            review[_UNREAD] = None
            continue
        information = _class(obx)
        if not information:
            review[_UNCLASSED] = None
        title = (obx.get(3, 2) or "Enclosed document").translate(CONTROLS)[:100]
        name = f"enclosed-{len(found) + 1}"
        found.append(
            Document(id=name, title=title, information=information or "summary", media_type="", content=content)
        )
    words = [each for each in observations if each.get(2).upper() not in _NO_TEXT and each.get(3) != _COVER]
    texts, codes = _in_words(words, message.all("NTE") if notes else [])
    return [*found, *texts], (*review, *(each for each in codes if each not in review))


def _decoded(obx: Segment) -> bytes | None:
    """The document's bytes (table 0299); none for a pointer to it, and for what does not decode."""
    if obx.get(2).upper() != "ED":
        return None
    encoding, data = obx.get(5, 4).upper(), obx.get(5, 5)
    try:
        if encoding == "BASE64":
            return base64.b64decode("".join(data.split()), validate=True) or None
        if encoding == "HEX":
            return bytes.fromhex(data) or None
    except (binascii.Error, ValueError):
        return None
    return data.encode() or None if encoding == "A" else None


def _in_words(observations: list[Segment], comments: list[Segment]) -> Enclosed:
    lines = [_line(each) for each in observations if each.raw(5)]
    stated = [each.part(words, 1) for each in comments for words in each.repetitions(3)]
    notes = [words for words in stated if words and not is_notice(words)]
    if not lines and not notes:
        return [], ()
    # A note has no code that would say what it is.
    classes = {_class(each) for each in observations if each.raw(5)} | ({""} if notes else set())
    known = classes.pop() if len(classes) == 1 else ""
    text = "".join(f"{each.translate(_BREAKS)}\n" for each in (*lines, *notes))
    item = Document(
        id="notes", title="Notes", information=known or "summary",
        media_type="text/plain; charset=utf-8", content=text.encode(),
    )  # fmt: skip
    return [item], () if known else (_UNCLASSED,)


_BREAKS = CONTROLS | {0x0A: "\n"}


def _line(obx: Segment) -> str:
    coded = obx.get(2).upper() in ("CE", "CWE", "CF", "CNE")
    values = [obx.part(each, 2 if coded and obx.part(each, 2) else 1) for each in obx.repetitions(5)]
    label, unit = obx.get(3, 2) or obx.get(3), obx.get(6)
    value = " ".join(filter(None, ("; ".join(filter(None, values)), unit)))
    return f"{label}: {value}" if label else value


def _class(obx: Segment) -> str:
    """What the observation's identifier says: our own class, or a LOINC document type; else nothing."""
    code, system = obx.get(3), obx.get(3, 3).upper()
    if system == INFORMATION_V2:
        return code if code in KNOWN else ""
    return OF_LOINC.get(code, "") if system in ("LN", "LOINC") else ""

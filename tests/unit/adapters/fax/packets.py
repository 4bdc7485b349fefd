"""Content for invented packets: the notice in its words, documents and pictures."""

import io

from fpdf import FPDF
from PIL import Image, ImageDraw

from hub.model import Document

# 42 CFR 2.32(a)(1) and (a)(2) as amended by 89 FR 12472
NOTICE = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). These "
    "rules prohibit you from using or disclosing this record, or testimony that describes the information contained in "
    "this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, State, or local "
    "authority, against the patient, unless authorized by the consent of the patient, except as provided at 42 CFR "
    "2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules "
    "prohibit you from making any other use or disclosure of this record unless at least one of the following "
    "applies:\n"
    "(i) Further use or disclosure is expressly permitted by the written consent of the individual whose information "
    "is being disclosed in this record or as otherwise permitted by 42 CFR part 2.\n"
    "(ii) You are a covered entity or business associate and have received the record for treatment, payment, or "
    "health care operations, or\n"
    "(iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164, "
    "subparts A and E.\n"
    "A general authorization for the release of medical or other information is NOT sufficient to meet the required "
    "elements of written consent to further use or redisclose the record (see 42 CFR 2.31)."
)
NOTICE_SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


def text(title: str, content: str) -> Document:
    return Document(id="d1", title=title, information="summary", media_type="text/plain", content=content.encode())


def pdf(pages: int) -> bytes:
    out = FPDF(format="letter")
    out.set_font("helvetica", size=12)
    for number in range(pages):
        out.add_page()
        out.cell(text=f"Sheet {number + 1}")
    return bytes(out.output())


def picture(kind: str, size: tuple[int, int] = (400, 300)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((40, 40, 200, 200), fill="black")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()

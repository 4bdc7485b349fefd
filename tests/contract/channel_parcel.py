"""One invented parcel with everything a channel must carry; the notice is §2.32(a)(1) word for word."""

import msgspec

from hub.model import (
    Accompaniment,
    ConsentCopy,
    Correspondent,
    Document,
    Endpoint,
    Event,
    MemberIdentity,
    MessageKind,
    Parcel,
    Priority,
    new_id,
)

NOTICE = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR "
    "part 2). These rules prohibit you from using or disclosing this record, or testimony that "
    "describes the information contained in this record, in any civil, criminal, administrative, or "
    "legislative proceedings by any Federal, State, or local authority, against the patient, unless "
    "authorized by the consent of the patient, except as provided at 42 CFR 2.12(c)(5) or as authorized "
    "by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules prohibit you "
    "from making any other use or disclosure of this record unless at least one of the following "
    "applies:\n"
    "(i) Further use or disclosure is expressly permitted by the written consent of the individual "
    "whose information is being disclosed in this record or as otherwise permitted by 42 CFR part 2.\n"
    "(ii) You are a covered entity or business associate and have received the record for treatment, "
    "payment, or health care operations, or\n"
    "(iii) You have received the record from a covered entity or business associate as permitted by 45 "
    "CFR part 164, subparts A and E.\n"
    "A general authorization for the release of medical or other information is NOT sufficient to meet "
    "the required elements of written consent to further use or redisclose the record (see 42 CFR "
    "2.31)."
)
NOTICE_SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
CONSENT_LINES = (
    ("Discloser", "Harbor Light Recovery, a Part 2 program"),
    ("Recipient", "Valley Oak Clinic"),
    ("Information", "Assessment, treatment plan, discharge summary"),
    ("Purposes", "Treatment: continuing care after residential stay"),
    ("Expires", "2027-06-30"),
    ("Revocation", "In writing to Harbor Light Recovery, 707-555-0110"),
)
PDF = b"%PDF-1.4\n% invented assessment of Marisol Quintero\n%%EOF\n"
PERSONAL = (
    *("Marisol", "Quintero", "01234567A", "1988-03-14", "Harbor Light", "Recovery", "substance"),
    *("ASAM assessment", "asam.", "asam-", "asam_"),
)
"""Nothing of this may be readable in transit or in clear metadata (metadata-is-content).

Four letters alone also turn up in ciphertext by chance, hence those with what base64 does not have.
"""


def sample_parcel(endpoint: Endpoint, **changes: object) -> Parcel:
    """A referral packet of two documents about an invented member."""
    parcel = Parcel(
        delivery=new_id(),
        disclosure=new_id(),
        kind=MessageKind.REFERRAL_PACKET,
        priority=Priority.ROUTINE,
        created_at=1_793_000_000_000_000,
        zone="America/Los_Angeles",
        sender=Correspondent(id="org-harbor", name="Harbor Light Recovery", phone="707-555-0110", npi="1999999984"),
        recipient=Correspondent(id="org-valley", name="Valley Oak Clinic", phone="707-555-0120"),
        endpoint=endpoint,
        member=MemberIdentity(given="Marisol", family="Quintero", born="1988-03-14", cin="01234567A", sex="female"),
        documents=(
            Document(
                id="doc-1",
                title="ASAM assessment of Marisol Quintero",
                information="assessment",
                media_type="application/pdf",
                content=PDF,
            ),
            Document(
                id="doc-2",
                title="Treatment plan",
                information="treatment_plan",
                media_type="text/plain; charset=utf-8",
                content="Plan for Marisol: señas y metas.\n".encode(),
            ),
        ),
        accompaniment=Accompaniment(
            notice=NOTICE,
            notice_short=NOTICE_SHORT,
            consent_copies=(ConsentCopy(consent="consent-7", lines=CONSENT_LINES),),
            labels=("NO_USE_IN_PROCEEDINGS_AGAINST_PATIENT",),
        ),
    )
    return msgspec.structs.replace(parcel, **changes)


def admission(at: int = 1_793_000_000_000_000) -> dict[str, object]:
    """The changes that make the sample parcel an admission notice."""
    event = Event(kind="admit", at=at, setting="residential", contact="Intake desk, 707-555-0111")
    return {"kind": MessageKind.ADMIT_NOTICE, "event": event, "documents": ()}

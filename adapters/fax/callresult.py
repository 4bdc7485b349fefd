"""What a HylaFAX server's record of an ended job says: how the calls ended, how far they got, who answered.

Rules kept: the server's words become our codes here and nowhere else; words nobody knows are a failed line.
"""

from collections.abc import Iterator

from adapters.fax.hfaxd import Session, failures, number, refusals
from adapters.fax.transport import JobState, JobStatus

DONE, FAILED = "7", "8"
REASONS = (
    # the server's words, our code, whether the same call would fail again
    ("Busy signal detected", "busy", False),
    ("No answer from remote", "no-answer", False),
    ("No carrier detected", "not-fax", False),
    ("Carrier established, but Phase A failure", "not-fax", False),
    ("Data connection established", "not-fax", False),
    ("No local dialtone", "no-dialtone", False),
    ("Kill time expired", "expired", False),
    ("Job aborted", "cancelled", False),
    ("Unexpected failure", "not-converted", False),
    ("Invalid dialing command", "bad-number", True),
    ("Blacklisted", "blocked", True),
    ("REJECT: Document", "media-bad", True),
    ("REJECT: Page", "media-bad", True),
    ("REJECT", "blocked", True),
)
CORRECTED = "USE error correction mode"
"""What the log of a call has if both machines agreed on it."""
LOOK_BACK = 30
"""Session logs read to find all calls of one job."""


def ended(session: Session, job: str) -> JobStatus:
    """How a job stands that is not in the send queue. Raises `failures`."""
    try:
        record = session.ended(job)
    except refusals:
        return JobStatus(state=JobState.GONE)
    words = record.get("status", "")
    state = JobState.DONE if record.get("state") == DONE else JobState.FAILED
    reason, lasting = next(
        ((code, final) for start, code, final in REASONS if words.startswith(start)), ("line-failed", False)
    )
    facts = {
        "dials": record.get("totdials", ""),
        "tries": record.get("tottries", ""),
        "signal-rate": record.get("signalrate", ""),
        "data-format": record.get("dataformat", ""),
        "communication": record.get("commid", ""),
    }
    sent = number(record.get("npages", "")) > 0
    return JobStatus(
        state=state,
        pages=number(record.get("npages", "")),
        reason="" if state is JobState.DONE else reason,
        lasting=lasting and state is JobState.FAILED,
        station=record.get("csi", "").strip('" '),
        error_corrected=_error_corrected(session, job, record) if sent else None,
        detail=tuple((name, value) for name, value in facts.items() if value),
    )


def failed_login(refusal: Exception) -> bool:
    return str(refusal).startswith("530")


def _error_corrected(session: Session, job: str, record: dict[str, str]) -> bool | None:
    """What the logs of all calls that sent pages show; without them, only T.6 coding is proof, for it needs ECM."""
    try:
        logs = list(_logs(session, job, record))
    except failures:
        logs = []
    if not logs:
        once = number(record.get("tottries", "")) == 1
        return True if once and "MMR" in record.get("dataformat", "") else None
    if len(logs) < number(record.get("tottries", "")):
        return None
    return all(CORRECTED in log for log in logs)


def _logs(session: Session, job: str, record: dict[str, str]) -> Iterator[str]:
    """The session logs of this job's calls, from the last one back; not all of them if others called between."""
    last, width = number(record.get("commid", "")), len(record.get("commid", ""))
    found = 0
    for communication in range(last, max(last - LOOK_BACK, 0), -1):
        log = "\n".join(session.log(f"{communication:0{width}}"))
        if f"SEND FAX: JOB {job} " in log:
            found += 1
            if "SEND begin page" in log:
                yield log
        if found >= number(record.get("totdials", "")):
            return

"""What the API answers about one recipient of a submission, in the few words a table has room for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from policies.codes import REASONS
from policies.explain import cite

Row = dict[str, Any]


def decision(row: Row) -> Row:
    """The newest decision about this recipient."""
    return max(row["decisions"], key=lambda each: each["at"])


def outcome(row: Row) -> str:
    """`permit`, `partial`, `deny`; and where it waits or was stopped."""
    word = str(decision(row)["outcome"])
    return f"{word}, {row['state']}" if row["state"] in ("held", "withheld", "queued") else word


def laws(row: Row) -> str:
    """Paragraphs that let items go."""
    return cited(law for item in decision(row)["items"] if item["permitted"] for law in item["laws"])


def law_against(row: Row) -> str:
    """The paragraphs of the first reason why something stays; the explanation gives them all."""
    found = reasons(row)
    return cited(REASONS[found[0]].laws) if found else ""


def cited(found: Iterable[str]) -> str:
    return ", ".join(cite(law) for law in dict.fromkeys(found))


def reasons(row: Row) -> list[str]:
    """Codes of why items stay, weightiest first."""
    stays = [item for item in decision(row)["items"] if not item["permitted"]]
    return list(dict.fromkeys(reason for item in stays for reason in item["reasons"]))


def channel(row: Row) -> str:
    return str(row["deliveries"][-1]["channel"]) if row["deliveries"] else ""


def delivery(row: Row) -> str:
    """Id of the newest attempt: what the partner files it under."""
    return str(row["deliveries"][-1]["id"]) if row["deliveries"] else ""


def receipt(row: Row) -> str:
    """What the other side gave as proof; empty if it gave none."""
    proof = row["deliveries"][-1]["receipt"] if row["deliveries"] else None
    return f"{proof['kind']} {proof['reference']}" if proof else ""


def seconds(row: Row) -> float:
    """From the decision at submission until the newest attempt ended; 0 if there was none."""
    ended = [each["finished_at"] for each in row["deliveries"] if each["finished_at"]]
    return (max(ended) - row["decisions"][0]["at"]) / 1_000_000 if ended else 0.0


def clock(at: int) -> str:
    """Microseconds UTC as the terminal shows them."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%H:%M:%S.%f")[:-3] + " UTC"

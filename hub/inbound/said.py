"""What a submission that came in says, line by line (`Label: value`), to compare it or to say it again."""

from collections.abc import Mapping

from hub.context import Hub
from hub.deliver import documents
from hub.errors import IntegrityFailed
from hub.storage import submissions
from hub.storage.submissions import StoredSubmission

Lines = list[str]
UPDATED = "Updated: "
"""How the title of a notice begins that goes instead of an earlier one."""


async def submission_of(hub: Hub, submission: str) -> StoredSubmission:
    """Raises `IntegrityFailed` if there is none: whoever asks has it from a row of its own."""
    found = await submissions.read(hub.database, submission)
    if found is None:
        raise IntegrityFailed("A thread without its submission.")
    return found


async def text_of(hub: Hub, submission: StoredSubmission, information: str) -> Lines:
    """The lines of its first short text of this class of information; none if it has no such."""
    items = await submissions.read_items(hub.database, submission.id)
    for name, item in items.items():
        if item.information == information and item.media_type.startswith("text/plain"):
            (document,) = documents(hub.ring, submission, {name: item}, (name,))
            return document.content.decode("utf-8", "replace").rstrip("\n").split("\n")
    return []


def value(lines: Lines, label: str) -> str:
    """What is said under the label; empty if nothing is."""
    return next((line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: ")), "")


def with_values(lines: Lines, values: Mapping[str, str], order: tuple[str, ...]) -> Lines:
    """The lines with other values, those of `order` first after the title; an empty value leaves its line out."""
    known = {label: values.get(label, value(lines, label)) for label in order}
    rest = [line for line in lines[1:] if not any(line.startswith(f"{label}: ") for label in order)]
    return [*lines[:1], *(f"{label}: {stated}" for label, stated in known.items() if stated), *rest]

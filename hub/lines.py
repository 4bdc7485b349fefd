"""Text that stands on one line wherever it is shown: on a cover, in a list, in a terminal, in a FHIR string, which may
hold no control character.
"""

from hub.model import CONTROLS


def is_line(text: str) -> bool:
    """Whether the text is one line with no control in it."""
    # What is printable holds none, and that is asked faster.
    return text.isprintable() or text.translate(CONTROLS) == text

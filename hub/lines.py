"""Text that stands on one line wherever it is shown: on a cover, in a list, in a terminal, in a FHIR string, which may
hold no control character.
"""

CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
"""For `str.translate`: what would end the line, or do something to whoever shows it, becomes a space."""


def is_line(text: str) -> bool:
    """Whether the text is one line with no control in it."""
    # What is printable holds none, and that is asked faster.
    return text.isprintable() or text.translate(CONTROLS) == text

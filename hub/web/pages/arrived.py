"""Why an arrival waits and what to do about it, in words: of every code that an intake or the hub gives it."""

from hub.web.pages.words import words

_FAMILIES = ("sender", "member", "recipient", "fax", "restricted", "referral", "retraction", "identity", "file")
"""Codes begin with what they are about, as `member.unknown`."""
_WEIGHED = ("label", "modifier", "patient", "encounter", "document", "resource", "consent")
"""Nothing is wrong with such an arrival, but somebody must look before it goes on."""


def why(language: str, codes: str | None) -> list[str]:
    """A sentence for each code; of a code that nobody has named yet, that a person must look."""
    return [_sentence(language, code) for code in (codes or "").split()]


def what_to_do(language: str, codes: str | None) -> list[str]:
    """What a person does about them, each thing once."""
    table = words(language)
    families = (code.partition(".")[0] for code in (codes or "").split())
    return list(dict.fromkeys(table[f"inbound_do.{_deed(each)}"] for each in families))


def _deed(family: str) -> str:
    if family in _WEIGHED:
        return "weigh"
    return family if family in _FAMILIES else "other"


def _sentence(language: str, code: str) -> str:
    table = words(language)
    if f"inbound_code.{code}" in table:
        return table[f"inbound_code.{code}"]
    family = code.partition(".")[0]
    return table.get(f"inbound_family.{family}", table["inbound_family.other"]).format(code=code)

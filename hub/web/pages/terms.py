"""Codes of the law as people call them: purposes, classes of information, reasons; from the policy's own tables."""

from collections import defaultdict

from hub.web.pages.words import words
from policies.texts import LANGUAGES


def purpose(language: str, code: str) -> str:
    """As "treatment"; the code itself if nobody has named it."""
    return LANGUAGES[language].purposes.get(code, code)


def classes(language: str, codes: str) -> str:
    """Classes of information, as they stand in a row ("assessment, summary")."""
    return ", ".join(LANGUAGES[language].classes.get(each, each) for each in codes.split(", ") if each)


def reason(language: str, code: str, recipient: str, discloser: str) -> str:
    """Why something stayed, in a sentence; without what only the decision's own explanation knows."""
    text = LANGUAGES[language].reasons.get(code, code)
    blank = defaultdict(lambda: "…", recipient=recipient, discloser=discloser)
    return text.format_map(blank)


def reason_word(language: str, code: str, recipient: str) -> str:
    """A code of a work item (a reason, a basis, a paragraph, a delivery's own), in words where there are some."""
    if code in LANGUAGES[language].reasons:
        return reason(language, code, recipient, recipient)
    if code[:1].isdigit():
        return f"§{code}"
    if code in LANGUAGES[language].purposes:
        return purpose(language, code)
    known = words(language)
    if f"channel.{code}" in known:
        return f"{known[f'channel.{code}']}:"
    tables = ("work_code", "glass_reason", "basis", "inbound_code")
    family = known.get(f"work_family.{code.partition('-')[0]}")
    unnamed = code if family is None else family.format(code=code)
    return next((known[f"{table}.{code}"] for table in tables if f"{table}.{code}" in known), unnamed)

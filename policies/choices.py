"""Where the law leaves room and counsel may decide: each open question with its safe answer and the other one.

`Choices()` is safe throughout. Another answer is given by name (`D1=permit,D4=permit`), is one condition in the rule
it belongs to, and is named in the edition of every decision made under it. Questions are those of `policies.rulebook`.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Choices:
    """True: counsel decided against the safe answer. What each of them means stands in OPTIONS."""

    notes_go_in_emergency: bool = False
    only_written_revokes: bool = False
    agent_may_sign: bool = False
    narrow_opens_hipaa: bool = False
    notice_repeated: bool = False
    refusal_gives_way: bool = False
    accounting_tolled: bool = False
    asked_is_treating: bool = False

    def __str__(self) -> str:
        """The answers that are not the safe ones, as they are set; empty if there is none."""
        return ",".join(f"{each.doubt}={each.other}" for each in OPTIONS if getattr(self, each.field))


class Option(NamedTuple):
    """One question: the word of its safe answer, the word of the other, and what the other means."""

    doubt: str
    safe: str
    other: str
    field: str
    means: str


OPTIONS = (
    Option(
        "D1",
        "withhold",
        "permit",
        "notes_go_in_emergency",
        "notes go where §2.51 permits, as 42 USC 290dd-2(b)(2)(A) has it",
    ),
    Option(
        "D2",
        "stop",
        "written",
        "only_written_revokes",
        "a consent ends when it is revoked in writing (§2.31(a)(6), §2.33(a)(2)), not before",
    ),
    Option(
        "D3",
        "hold",
        "permit",
        "agent_may_sign",
        "the agent of a patient medically unable to act signs as personal representative (§2.11)",
    ),
    Option(
        "D4",
        "hold",
        "permit",
        "narrow_opens_hipaa",
        "a consent for any of treatment, payment and operations, and nothing else, does (§2.33(b)(1))",
    ),
    Option(
        "D5",
        "label",
        "notice",
        "notice_repeated",
        "the notice goes along too, because it binds those who are notified (§2.12(d)(2)(i)(C))",
    ),
    Option(
        "D6",
        "hold",
        "permit",
        "refusal_gives_way",
        'consent that is refused "cannot be obtained" (§2.51(a)(1)), once a clinician found the emergency',
    ),
    Option(
        "D7",
        "log",
        "tolled",
        "accounting_tolled",
        "no accounting is due until the HIPAA rule is revised; the ledger still has every disclosure",
    ),
    Option(
        "D10",
        "hold",
        "permit",
        "asked_is_treating",
        "a provider the patient is referred to counts from when it is asked",
    ),
)
SAFE = Choices()


def read_choices(text: str) -> Choices:
    """The choices in a setting like `D1=permit,D4=permit`; empty: the safe ones. Raises ValueError naming the entry."""
    by_doubt = {option.doubt: option for option in OPTIONS}
    chosen: dict[str, bool] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        doubt, _, word = entry.partition("=")
        option = by_doubt.get(doubt)
        if option is None or word not in {option.safe, option.other} or option.field in chosen:
            raise ValueError(entry)
        chosen[option.field] = word == option.other
    return Choices(**chosen)

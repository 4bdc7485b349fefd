"""Does an answer agree with what the author of a case expects? FORMAT.md section 8."""

from collections.abc import Iterable

from hub.casebook.questions import Case
from policies.model import Decision


def differences(case: Case, decision: Decision) -> list[str]:
    """Each point on which the decision differs from the expectation, in words; empty if they agree."""
    expect = case.expect
    if expect is None:
        return []
    found = []
    withheld = decision.withheld
    if decision.outcome != expect.outcome:
        found.append(f"outcome is {decision.outcome}, expected {expect.outcome}")
    if decision.hold != expect.hold:
        found.append(f"hold is {str(decision.hold).lower()}, expected {str(expect.hold).lower()}")
    if expect.reason is not None and not any(expect.reason in reasons for reasons in withheld.values()):
        found.append(f"reason {expect.reason} is missing")
    if expect.withhold is not None:
        if withheld.keys() != expect.withhold.keys():
            found.append(f"withholds {_listed(withheld)}, expected {_listed(expect.withhold)}")
        found.extend(
            f"{item}: reason {code} is missing"
            for item, code in expect.withhold.items()
            if code not in withheld.get(item, ())
        )
    found.extend(f"obligation {code} is missing" for code in sorted(expect.obligations - decision.obligations))
    found.extend(f"obligation {code} is not excused" for code in sorted(expect.excused & decision.obligations))
    return found


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(items)) or "nothing"

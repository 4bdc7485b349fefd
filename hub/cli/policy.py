"""`part2hub policy check FILE` answers a what-if; `part2hub policy test DIR` runs a library of reviewed cases;
`part2hub policy rulebook --out DIR` writes the rules as a book; `part2hub policy choices` lists counsel's choices.

With --json each answer is one JSON object on one line, and nothing else goes to standard output; faults go to
standard error in one line. `HUB_CHOICES` holds here as it does for the hub.
Exit status: 0 answered, or all cases agree; 1 some case differs; 2 the input is wrong.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.casebook import Case, read_file, read_library
from hub.casebook.answers import answer
from hub.casebook.verdict import differences
from hub.errors import HubError, Malformed
from hub.settings import chosen_in
from policies.choices import Choices
from policies.findings import RuleBook
from policies.kernel import decide
from policies.model import Decision
from policies.rules import in_force
from policies.texts import LANGUAGES

_HELP = """\
The policy alone, on facts that a file states: no database, no key ring (but for `choices`). Counsel writes and
reads these files (tests/cases/FORMAT.md).

  part2hub policy check what-if.yaml             what would be decided, item by item, with paragraphs and remedies
  part2hub policy check what-if.yaml --lang es
  part2hub policy test tests/cases               do the reviewed cases still come out as counsel reviewed them?
  part2hub policy rulebook --out rulebook        every rule, its cases and the questions that are open
  part2hub policy choices                        which answers are in force in the hub, since when and by whom

A what-if on the hub's stored facts is `part2hub check`. For files $HUB_CHOICES holds; in the hub what two people
confirmed (at the desk, or over HTTP) wins over it.

Exit codes: 0 answered, or all cases agree; 1 some case differs; 2 the input or $HUB_CHOICES is wrong.
"""
AGREE, DIFFER, MALFORMED = 0, 1, 2
OUTCOMES = {
    "permit": "PERMIT",
    "partial": "PARTIAL",
    "deny": "DENY",
    "not_applicable": "NOT A QUESTION FOR PART 2",
}


def add_parser(subparsers: Any) -> None:
    """Add `policy` and its subcommands to the main parser."""
    policy = subparsers.add_parser(
        "policy",
        help="ask the policy engine, or test it against a library of cases",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = policy.add_subparsers(dest="command", required=True, metavar="check|test|rulebook|choices")
    for name, what, metavar in (
        ("check", "answer the cases of a file", "FILE"),
        ("test", "run a library of reviewed cases", "DIR"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("path", type=Path, metavar=metavar, help="what is read")
        command.add_argument("--json", action="store_true", help="one JSON object a line")
        command.add_argument("--lang", choices=sorted(LANGUAGES), default="en", help="language of the explanations")
    book = commands.add_parser("rulebook", help="print every rule, its cases and the open questions, for counsel")
    book.add_argument("--out", type=Path, metavar="DIR", required=True, help="where to write the book")
    book.add_argument("--cases", type=Path, metavar="DIR", default=Path("tests/cases"), help="library of cases")
    listing = commands.add_parser("choices", help="counsel's choices as they are in force in the hub")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    policy.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run a command of `policy`; the exit status."""
    try:
        if args.command == "choices":
            return choices_in_force(as_json=args.json)
        if args.command == "rulebook":
            return rulebook(args.out, args.cases, chosen_in())
        run_on = check if args.command == "check" else test
        return run_on(args.path, args.lang, chosen_in(), as_json=args.json)
    except HubError as error:
        print(error.message, file=sys.stderr)
        return MALFORMED


def check(path: Path, language: str, choices: Choices, *, as_json: bool) -> int:
    """Answer every case of a file, each under the edition of its day."""
    for case in read_file(path):
        rules = in_force_at(case, choices)
        decision = decide(case.request, rules)
        if as_json:
            print(json.dumps(answer(case, decision, language, rules), ensure_ascii=False))
        else:
            print(*told(case, decision, language, rules), sep="\n", end="\n\n")
    return AGREE


def test(path: Path, language: str, choices: Choices, *, as_json: bool) -> int:
    """Run a library, each case under the edition of its day; print every difference and a summary."""
    total = differing = unanswered = 0
    for name, cases in read_library(path).items():
        for case in cases:
            rules = in_force_at(case, choices)
            decision = decide(case.request, rules)
            found = differences(case, decision)
            total += 1
            differing += bool(found)
            unanswered += case.expect is None
            if as_json:
                print(json.dumps(answer(case, decision, language, rules), ensure_ascii=False))
            elif found:
                print(f"{name}: {case.name}", *(f"    {line}" for line in found), sep="\n")
    if not as_json:
        apart = f", {unanswered} expect nothing" if unanswered else ""
        print(f"{total} cases, {total - differing - unanswered} agree, {differing} differ{apart}")
    return DIFFER if differing else AGREE


def in_force_at(case: Case, choices: Choices) -> RuleBook:
    """The rules of the instant that a case is about."""
    return in_force(case.request.at, case.request.world.zone, choices)


def rulebook(out: Path, library: Path, choices: Choices) -> int:
    """Write the rulebook as HTML and PDF; without a library it has no cases."""
    from hub.casebook.rulebook import write_rulebook  # noqa: PLC0415  # a what-if need not wait for the PDF writer

    cases = read_library(library) if library.is_dir() else {}
    try:
        written = write_rulebook(out, [case for found in cases.values() for case in found], choices)
    except OSError as error:
        raise Malformed(f"{out}: cannot be written ({error.strerror})", field="out") from None
    print(*written, sep="\n")
    return AGREE


def choices_in_force(*, as_json: bool) -> int:
    """Print the answer to each doubt that is in force in the hub."""
    from hub import choices  # noqa: PLC0415 - a what-if needs no database
    from hub.cli.local import on_hub  # noqa: PLC0415 - a what-if needs no database

    for each in on_hub(choices.listing):
        since, waiting = each.since, each.waiting
        if as_json:
            view = {"doubt": each.doubt, "answer": each.answer, "since": since and since._asdict()}
            print(json.dumps(view | {"waiting": waiting and waiting._asdict()}))
            continue
        by = f"since {_day(since.settled_at)}, {since.proposed_by} and {since.settled_by}" if since else "as installed"
        waits = f"; {waiting.answer} waits for a second person ({waiting.id})" if waiting else ""
        print(f"{each.doubt:4} {each.answer:9} {by}{waits}")
    return AGREE


def _day(at: int | None) -> str:
    return datetime.fromtimestamp((at or 0) / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def told(case: Case, decision: Decision, language: str, rules: RuleBook) -> Iterable[str]:
    """The answer for a person at a terminal."""
    words = answer(case, decision, language, rules)
    yield f"{case.name}: {OUTCOMES[decision.outcome]}{', a person must look first' if decision.hold else ''}"
    for heading, key in (("", "explanation"), ("Would let it go:", "remedies")):
        lines = words[key]
        if isinstance(lines, list) and lines:
            if heading:
                yield f"  {heading}"
            yield from (f"  - {line}" for line in lines)
    if decision.obligations:
        yield f"  Duties: {', '.join(sorted(decision.obligations))}"
    if case.expect is not None:
        found = "; ".join(differences(case, decision))
        yield f"  Differs from what was expected: {found}" if found else "  Agrees with what was expected."


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="part2hub")
    add_parser(_parser.add_subparsers(required=True))
    _args = _parser.parse_args()
    sys.exit(_args.run(_args))

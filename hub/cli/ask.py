"""`part2hub ask`: an auditor's five questions, each answered with its evidence."""

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hub.cli.limits import add_limit

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
Five questions, each answered from the ledger and what it binds. Asking is itself on the ledger.

  part2hub ask disclosed --for harbor                who disclosed what (to whom, when, why)
  part2hub ask disclosed --member 01234567A --basis emergency
  part2hub ask looked --member 01234567A             who looked at a member; or --person harbor/ID: at what
  part2hub ask permitted DISCLOSURE                  what permitted it: paragraphs, consent, ledger positions
  part2hub ask necessary DISCLOSURE                  how it was kept to the necessary
  part2hub ask wrong --for harbor                    what was done when something went wrong

Exit codes: 0 answered, 1 nothing found, 2 not understood or no such disclosure, 3 a setting, 4 no database.
"""
_FILTERS = {
    "discloser": "id of the organization that told",
    "recipient": "id of the organization that was told",
    "purpose": "treatment, payment, operations, ...",
    "basis": "consent, emergency, court_order, ...",
    "paragraph": "as in 2.31 or 2.51",
    "channel": "email, fax, api, ...",
    "state": "disclosed, unknown, not_disclosed, intended",
}
_LEFT_OUT = {"attempts", "explanation"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `ask` command."""
    parser = subparsers.add_parser(
        "ask",
        help="an auditor's five questions",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked = parser.add_subparsers(dest="asked", required=True, metavar="looked|disclosed|permitted|necessary|wrong")
    looked = asked.add_parser("looked", help="who looked at what")
    looked.add_argument("--person", metavar="ORGANIZATION[/ID]", help="whose looks")
    disclosed = asked.add_parser("disclosed", help="who disclosed what")
    for name, words in _FILTERS.items():
        disclosed.add_argument(f"--{name}", help=words)
    permitted = asked.add_parser("permitted", help="what permitted a disclosure")
    permitted.add_argument("--lang", choices=("en", "es"), default="en", help="language of the explanation")
    necessary = asked.add_parser("necessary", help="how it was kept to the necessary")
    wrong = asked.add_parser("wrong", help="what was done when something went wrong")
    wrong.add_argument("reference", nargs="?", help="a disclosure or work item (default: all)")
    for each in (looked, disclosed):
        each.add_argument("--member", metavar="CIN|ID", help="about whom")
    for each in (looked, disclosed, wrong):
        add_limit(each)
    for each in (permitted, necessary):
        each.add_argument("disclosure", help="its id, as `ask disclosed` shows it")
    for each in (looked, disclosed, permitted, necessary, wrong):
        each.add_argument("--for", dest="organization", metavar="ORGANIZATION", help="only what is theirs")
        each.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask and print the answer."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    answer = on_hub(lambda hub: _ask(hub, args), decides=True)
    print(json.dumps(answer, ensure_ascii=False, default=str) if args.json else _text(answer))
    return 0 if answer else 1


async def _ask(hub: "Hub", args: argparse.Namespace) -> Any:
    from hub.cli.consent import member_of  # noqa: PLC0415
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.compliance import questions  # noqa: PLC0415
    from hub.compliance.log import Wanted  # noqa: PLC0415

    given = getattr(args, "member", None)
    member = await member_of(hub, given) if given else None
    match args.asked:
        case "looked":
            return await questions.looked(hub, asker=BY, member=member, by=args.person, limit=args.limit)
        case "disclosed":
            filters = {name: getattr(args, name) for name in (*_FILTERS, "organization")}
            return await questions.disclosed(hub, Wanted(**filters, member=member, limit=args.limit), asker=BY)
        case "permitted":
            return await questions.permitted(hub, args.disclosure, args.organization, asker=BY, language=args.lang)
        case "necessary":
            return await questions.necessary(hub, args.disclosure, args.organization, asker=BY)
        case _:
            found = await questions.put_right(
                hub, args.organization, asker=BY, reference=args.reference, limit=args.limit
            )
            return found if any(found.values()) else {}


def _text(answer: Any) -> str:
    if isinstance(answer, list):
        return "\n\n".join(map(_text, answer)) or "Nothing."
    if "decision" in answer:
        return _permitted(answer)
    lines = []
    for name, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and name not in _LEFT_OUT:
            lines += [f"{name}:", *("  " + _text(each).replace("\n", "\n  ") + "\n" for each in value)]
        elif value not in (None, "", [], ()) and name not in _LEFT_OUT:
            lines.append(f"{name:<19} {_value(name, value)}")
    return "\n".join(lines) or "Nothing."


def _permitted(answer: dict[str, Any]) -> str:
    row, decision = answer["disclosure"], answer["decision"]
    lines = [
        f"{_value('at', row['intended_at'])}  {row['discloser']} -> {row['recipient_name']}",
        f"{'what':<19} {row['description']}, for {row['purpose']}",
        f"{'permitted by':<19} {', '.join(decision['laws'])}",
        f"{'consents':<19} {', '.join(decision['consents']) or 'none'}",
        f"{'went along':<19} {', '.join(decision['obligations'])}",
        *(f"  {each['text']}" for each in decision["explanation"]),
        "On the ledger:",
    ]
    for each in answer["ledger"]:
        position = "not signed yet" if each["position"] is None else f"position {each['position']}"
        lines.append(f"  {_value('at', each['at'])}  {each['kind']:<22} entry {each['entry']}, {position}")
    return "\n".join(lines)


def _value(name: str, value: Any) -> str:
    if name == "at" or name.endswith("_at"):
        return datetime.fromtimestamp(value / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict) else str(value)

"""`part2hub check`: what would be decided now about stored facts, and why; nothing is sent."""

import argparse
import json
from typing import Any

_HELP = """\
Asks the policy about stored facts: the member's consents, restrictions and relations, the directory, this instant.

  part2hub check --from harbor --to valley-clinic --member 01234567A --item summary --item medications
  part2hub check --from harbor --to sunrise --member 01234567A --purpose payment --item billing --lang es

--member takes a CIN or the hub's id. A what-if on invented facts is `part2hub policy check FILE`.

Exit codes: 0 everything would go, 1 something would stay, 2 not understood, 3 a setting is refused, 4 no database.
"""
_GOES = {"permit", "not_applicable"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `check` command."""
    parser = subparsers.add_parser(
        "check",
        help="what would be decided now about stored facts, and why",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="discloser", required=True, metavar="ORGANIZATION")
    parser.add_argument("--to", dest="recipient", required=True, metavar="ORGANIZATION")
    parser.add_argument("--member", required=True, metavar="CIN|ID")
    parser.add_argument("--purpose", default="treatment")
    parser.add_argument("--item", action="append", metavar="CLASS", help="a class of information; may be given again")
    parser.add_argument("--relationship", choices=("treating", "accepted", "asked", "none"))
    parser.add_argument("--lang", choices=("en", "es"), default="en")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask and print the answer."""
    from hub.cli.consent import member_of  # noqa: PLC0415 - so that --help is fast
    from hub.cli.local import on_hub  # noqa: PLC0415
    from hub.context import Hub  # noqa: PLC0415
    from hub.explanations import WhatIf, what_if  # noqa: PLC0415

    async def ask(hub: Hub) -> dict[str, Any]:
        asked = WhatIf(
            discloser=args.discloser,
            recipient=args.recipient,
            purpose=args.purpose,
            member=await member_of(hub, args.member),
            items=tuple(args.item or ("summary",)),
            relationship=args.relationship,
            language=args.lang,
        )
        return await what_if(hub, asked)

    answer = on_hub(ask)
    print(json.dumps(answer, ensure_ascii=False) if args.json else "\n".join(_lines(answer)))
    return 0 if answer["outcome"] in _GOES and not answer["hold"] else 1


def _lines(answer: dict[str, Any]) -> list[str]:
    lines = [answer["outcome"].upper() + (", a person must look first" if answer["hold"] else "")]
    said = {each["item"]: each["text"] for each in answer["explanation"]}
    for item in answer["items"]:
        words = said.get(item["item"]) or "; ".join(item["reasons"])
        lines.append(f"  {item['information']:<16} {'goes ' if item['permitted'] else 'stays'}  {words}")
    if answer["remedies"]:
        lines += ["What would let it go:", *(f"  - {each['text']}" for each in answer["remedies"])]
    if answer["obligations"]:
        lines.append("Goes with it: " + ", ".join(answer["obligations"]))
    return lines

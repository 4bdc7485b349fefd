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
_WORDS = {
    "en": {
        "permit": "everything would go.",
        "partial": "some of it would go.",
        "deny": "nothing would go.",
        "not_applicable": "Part 2 does not apply.",
        "hold": "A person must look first.",
        "remedies": "What would let it go:",
        "obligations": "Goes with it:",
        "nobody": "Nobody is registered under this CIN or id with whoever would tell.",
    },
    "es": {
        "permit": "saldría todo.",
        "partial": "saldría una parte.",
        "deny": "no saldría nada.",
        "not_applicable": "La Parte 2 no se aplica.",
        "hold": "Antes tiene que mirarlo una persona.",
        "remedies": "Qué permitiría enviarlo:",
        "obligations": "Va con ello:",
        "nobody": "Quien lo comunicaría no tiene registrado a nadie con este CIN o identificador.",
    },
}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `check` command."""
    parser = subparsers.add_parser(
        "check",
        help="what would be decided now about stored facts, and why",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="discloser", required=True, metavar="ORGANIZATION", help="who would tell")
    parser.add_argument("--to", dest="recipient", required=True, metavar="ORGANIZATION", help="who would be told")
    parser.add_argument("--member", required=True, metavar="CIN|ID", help="about whom")
    parser.add_argument("--purpose", default="treatment", help="what for (default: %(default)s)")
    parser.add_argument("--item", action="append", metavar="CLASS", help="a class of information; may be given again")
    parser.add_argument(
        "--relationship", choices=("treating", "accepted", "asked", "none"), help="of the recipient with the patient"
    )
    parser.add_argument("--lang", choices=("en", "es"), default="en", help="language of the reasons")
    parser.add_argument("--json", action="store_true", help="the decision as JSON")
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

    answer = on_hub(ask, decides=True)
    print(json.dumps(answer, ensure_ascii=False) if args.json else "\n".join(_lines(answer, args.lang)))
    return 0 if answer["outcome"] in _GOES and not answer["hold"] else 1


def _lines(answer: dict[str, Any], language: str) -> list[str]:
    from hub.decide import UNKNOWN_MEMBER  # noqa: PLC0415 - so that --help is fast

    words = _WORDS[language]
    outcome = answer["outcome"]
    lines = [f"{outcome.upper()}: {words[outcome]}" + (f" {words['hold']}" if answer["hold"] else "")]
    said = {each["item"]: each["text"] for each in answer["explanation"]}
    for item in answer["items"]:
        # Nobody who asks has numbered the items: the class is the name they know.
        unsaid = words["nobody"] if UNKNOWN_MEMBER in item["reasons"] else "; ".join(item["reasons"])
        text = said.get(item["item"], unsaid).replace(f'"{item["item"]}"', item["information"])
        lines.append(f"  {'+' if item['permitted'] else '-'} {text}")
    if answer["remedies"]:
        lines += [words["remedies"], *(f"  - {each['text']}" for each in answer["remedies"])]
    if answer["obligations"] and answer["outcome"] != "deny":
        lines.append(f"{words['obligations']} " + ", ".join(each.replace("_", " ") for each in answer["obligations"]))
    return lines

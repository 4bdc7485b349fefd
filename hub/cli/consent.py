"""`part2hub consent`: record what a paper states, verify it, revoke it, show it."""

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.storage.consent_form import ConsentForm, DenialForm

_HELP = """\
A consent is recorded from its paper, field by field (tests/cases/FORMAT.md, section 3), and counts once a second
person has verified it. A revocation counts when this command returns; nothing that relies on it leaves afterwards.

  part2hub consent form --kind tpo --lang es --out form.pdf --member 01234567A --program harbor
  part2hub consent add consent.yaml --document signed.pdf --by harbor/ines
  part2hub consent verify ID --by harbor/omar                       another person than the one who entered it, and
                                                                    one with an account or a token of their own
  part2hub consent revoke ID --how oral --by harbor                 by telephone: at once, the paper follows
  part2hub consent revoke ID --how written --as-to sunrise          as to one organization only
  part2hub consent show ID                                          with its history
  part2hub consent show --member 01234567A                          all of a member's (by CIN or id)

consent.yaml holds `member` (id or CIN) and the fields of the form; or `filled` (another party's form as it was filled
in: hub/forms/crosswalk); or `denial` ("share nothing", which stops what was signed before it).

Exit codes: 0 done, 2 not understood or no such consent, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `consent` command."""
    parser = subparsers.add_parser(
        "consent",
        help="record, verify, revoke and show consents",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="form|add|verify|revoke|show")
    add = actions.add_parser("add", help="record what a paper states")
    add.add_argument("file", type=Path, metavar="FILE", help="YAML or JSON")
    add.add_argument("--document", type=Path, metavar="SCAN", help="the signed paper, a PDF or an image")
    add.add_argument("--lang", choices=("en", "es"), default="en", help="language of the read-back")
    form = actions.add_parser("form", help="the hub's own form as PDF, printable and fillable")
    form.add_argument(
        "--kind", required=True, choices=("tpo", "specific", "counseling_notes", "revocation"), help="which form"
    )
    form.add_argument("--lang", choices=("en", "es"), default="en", help="its language")
    form.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the PDF")
    form.add_argument("--member", metavar="CIN|ID", help="with this member's name and birth date in it")
    form.add_argument("--program", metavar="ORGANIZATION", help="with this program's name in it (needs --member)")
    verify = actions.add_parser("verify", help="say that the paper was compared with what was recorded")
    revoke = actions.add_parser("revoke", help="revoke, wholly or as to some organizations")
    revoke.add_argument("--how", required=True, choices=("written", "oral"), help="how the patient said so")
    revoke.add_argument("--as-to", nargs="+", metavar="ORGANIZATION", help="only as to these (default: all)")
    show = actions.add_parser("show", help="one consent with its history, or all of a member's")
    show.add_argument("id", nargs="?", help="of one consent")
    show.add_argument("--member", metavar="CIN|ID", help="all of this member's")
    for action in (verify, revoke):
        action.add_argument("id", help="of the consent")
    for action in (add, verify, revoke):
        action.add_argument("--by", default="command-line", metavar="ORGANIZATION[/PERSON]", help="who does it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    if args.action == "form" and args.member is None:
        print(_write_form(args, {}))
        return 0
    act = {"form": _form, "add": _add, "verify": _verify, "revoke": _revoke, "show": _show}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def member_of(hub: "Hub", text: str) -> str:
    """A member by CIN, else by id."""
    from hub.storage import members  # noqa: PLC0415

    return await members.find_by_cin(hub, text) or text


async def _form(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.forms.prefill import prefilled  # noqa: PLC0415

    return _write_form(args, await prefilled(hub, await member_of(hub, args.member), args.program))


def _write_form(args: argparse.Namespace, values: dict[str, str]) -> str:
    from hub.cli.files import write_closed  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415
    from hub.forms.paper import form_pdf  # noqa: PLC0415

    try:
        write_closed(args.out, form_pdf(args.kind, args.lang, values))
    except OSError:
        raise Malformed("The file cannot be written.", field="out") from None
    return f"{args.out.name} is written."


async def _add(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.casebook.yamltext import load_file  # noqa: PLC0415
    from hub.cli.files import read_file  # noqa: PLC0415
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415
    from hub.forms.review import review  # noqa: PLC0415
    from hub.storage import consent_papers, consents  # noqa: PLC0415
    from hub.storage.consent_form import DenialForm  # noqa: PLC0415

    raw = load_file(args.file)
    if not isinstance(raw, dict) or "member" not in raw:
        raise Malformed("The file holds `member` and the fields of the form.", field="member")
    paper = read_file(args.document, consent_papers.MAX_BYTES) if args.document else None
    if paper is not None:
        consent_papers.kind_of(paper)  # before anything is recorded
    member = await member_of(hub, str(raw.pop("member")))
    form, origin = _stated(raw)
    by = await hand(hub, args.by)
    consent = await consents.record(hub, member, form, by=by, origin=origin)
    if paper is not None:
        await consent_papers.keep(hub, consent, paper, by=by)
    found = await review(hub, member, consent)
    lacks = [f"{each['strength']}: {_of(each, 'says', args.lang)}" for each in found["lacks"]]
    follows = [] if isinstance(form, DenialForm) else [f"Not yet verified: part2hub consent verify {consent}"]
    return "\n".join([consent, *lacks, found["reads"][args.lang], *follows])


def _of(lack: dict[str, Any], words: str, language: str) -> str:
    return f"{lack[words][language]} ({lack['law']}) {lack['do'][language]}"


def _stated(raw: dict[str, Any]) -> "tuple[ConsentForm | DenialForm, dict[str, str]]":
    """The fields of a consent, another party's form as filled in, or a denial. Raises `Malformed`."""
    import msgspec  # noqa: PLC0415

    from hub.errors import Malformed  # noqa: PLC0415
    from hub.forms.crosswalk import Filled, mapped  # noqa: PLC0415
    from hub.storage.consent_form import ConsentForm, DenialForm  # noqa: PLC0415

    try:
        if raw.keys() == {"filled"}:
            return mapped(msgspec.convert(raw["filled"], Filled))
        if raw.keys() == {"denial"}:
            return msgspec.convert(raw["denial"], DenialForm), {}
        return msgspec.convert(raw, ConsentForm), {}
    except msgspec.ValidationError as error:
        # Where it is wrong, and what is missing there: our own words. What else the library says may be the file's.
        at, lacks = (re.search(said, str(error)) for said in (r"at `\$\.?([^`]*)`", r"missing required field `(\w+)`"))
        field = ".".join(found[1] for found in (at, lacks) if found)
        raise Malformed("The form does not follow the format.", field=field or None) from None


async def _verify(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.storage import consents  # noqa: PLC0415

    await consents.verify(hub, args.id, by=args.by)
    return f"{args.id} is verified."


async def _revoke(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.storage import consents  # noqa: PLC0415

    await consents.revoke(hub, args.id, how=args.how, as_to=args.as_to, by=await hand(hub, args.by))
    follows = " The written revocation is on the work list." if args.how == "oral" else ""
    return f"{args.id} is revoked as to {', '.join(args.as_to) if args.as_to else 'everybody'}.{follows}"


async def _show(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.errors import Malformed  # noqa: PLC0415
    from hub.forms.review import review  # noqa: PLC0415
    from hub.storage import consents  # noqa: PLC0415

    if args.id:
        view = await consents.show(hub, args.id)
        reviewed = await review(hub, view["member_id"], args.id)
        return "\n".join([*_lines(view), "", reviewed["reads"]["en"]])
    if not args.member:
        raise Malformed("Name a consent, or a member with --member.")
    found = await consents.list_for(hub, await member_of(hub, args.member))
    return (
        "\n".join(
            f"{each['id']:<34} {each['kind']:<17} {each['state']:<9} {'verified' if each['verified'] else 'unverified'}"
            for each in found
        )
        or "No consent on file."
    )


def _lines(view: dict[str, Any]) -> list[str]:
    history = view.pop("history")
    width = max(map(len, view))
    lines = [f"{name:<{width}}  {_text(value)}" for name, value in view.items()]
    return [*lines, "", *(f"{event['at']}  {event['what']} by {event['by']}" for event in history)]


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)

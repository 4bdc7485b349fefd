"""`part2hub`: the command line, with the same powers as the HTTP API.

Only the module of the command that is asked for is imported, so that `--help` answers at once. Every refusal is one
line on standard error; there is never a stack trace, which could quote a patient.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from hub import compiled, variables
from hub.errors import ConfigurationError, HubError, IntegrityFailed, NotAvailable, Rejected, Unavailable

_HELP = """\
Exchanges substance use disorder records under 42 CFR Part 2: every packet is checked against stored consent,
delivered encrypted, and leaves an entry in a ledger that nobody can quietly change.

A first hub, in an empty folder:

  part2hub keys init                                  make the keys (keep a copy apart from the database)
  part2hub load county.yaml                           organizations, members, consents
  part2hub token issue --for harbor --role sender     let a system in
  part2hub serve                                      API, worker and clocks on 127.0.0.1:8080
  part2hub check --from harbor --to valley-clinic --member 01234567A --item summary
                                                      what would be decided now, and why

Settings are environment variables (HUB_DATA, HUB_KEYS, HUB_DATABASE_URL, HUB_LISTEN, ...; deploy/OPERATOR.md). One that
is mistyped is refused. HUB_TOKEN is for whoever sends to another machine's hub (send --to-url).
"""
_EPILOG = """\
Exit codes: 0 done; 1 the answer is no (denied, withheld, differs); 2 the input is wrong;
            3 a setting or key is refused; 4 the hub or its database is not available.
`part2hub COMMAND --help` shows a command's options with examples.
"""
COMMANDS = {
    "serve": ("hub.cli.serve", "run the hub: API, worker and clocks"),
    "migrate": ("hub.cli.migrate", "bring the database to this version's schema"),
    "load": ("hub.cli.load", "load a county file: organizations, members, consents"),
    "token": ("hub.cli.token", "issue, revoke and list bearer tokens"),
    "client": ("hub.cli.client", "systems that sign in with a key of their own (SMART)"),
    "webhook": ("hub.cli.webhook", "tell an organization's own address that something happened"),
    "signer": ("hub.cli.signer", "keys that sign what an organization hands in"),
    "user": ("hub.cli.user", "people who may work at the desk: add, list, disable, reset"),
    "send": ("hub.cli.send", "hand in a packet"),
    "seal": ("hub.cli.seal", "seal a document to its recipient, so that not even the hub can read it"),
    "open": ("hub.cli.open", "read a sealed document with the recipient's own key"),
    "disclosure": ("hub.cli.disclosure", "what was told outside of the hub: record it afterwards"),
    "notice": ("hub.cli.notice", "notices an organization was told of, and the calls they ask for"),
    "consent": ("hub.cli.consent", "record, verify, revoke and show consents"),
    "check": ("hub.cli.check", "what would be decided now about stored facts, and why"),
    "status": ("hub.cli.status", "the queue and what waits for a person; or one submission"),
    "work": ("hub.cli.work", "what waits for a person: list, release, close"),
    "v2": ("hub.cli.v2", "what an HL7 v2 message would become, and how it would be answered"),
    "audit": ("hub.cli.audit", "draw a random sample with its evidence, or verify one"),
    "retention": ("hub.cli.retention", "how long payloads are kept; legal holds; destroy what is due"),
    "ask": ("hub.cli.ask", "an auditor's five questions"),
    "matter": ("hub.cli.matter", "requests, complaints, restrictions, suspensions, breaches"),
    "export": ("hub.cli.export", "the log, an accounting or a register as a signed file"),
    "ledger": ("hub.cli.ledger", "verify or export the disclosure ledger"),
    "policy": ("hub.cli.policy", "ask the policy engine, or test it against a library of cases"),
    "direct": ("hub.cli.direct", "Direct mail: check a message, keep trust anchors, find certificates"),
    "keys": ("hub.cli.keys", "make, rotate and list the keys of this hub"),
}
_ANSWER_NO, _WRONG_INPUT, _REFUSED, _UNAVAILABLE = 1, 2, 3, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    asked = words[0] if words and words[0] in COMMANDS else None
    try:
        compiled.form()
    except ConfigurationError as error:
        return _refused(asked, error.message, _REFUSED)
    args = _parser(asked).parse_args(words)
    try:
        variables.check(os.environ)
        return int(args.run(args))
    except HubError as error:
        field = f" ({error.field})" if error.field else ""
        return _refused(args.command_name, f"{error.message}{field}", _code(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the boundary: its own words may quote a patient, its class does not
        return _refused(args.command_name, f"failed inside ({type(error).__name__})", _UNAVAILABLE)


def _parser(asked: str | None) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("part2hub", description=_HELP, epilog=_EPILOG, formatter_class=form)
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="print the hub's version, and whether it is compiled"
    )
    commands = parser.add_subparsers(dest="command_name", required=True, metavar="COMMAND")
    for name, (module, words) in COMMANDS.items():
        if name == asked:
            importlib.import_module(module).add_parser(commands)
        else:
            commands.add_parser(name, help=words)
    return parser


class _Version(argparse.Action):
    """Prints what is installed, looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Ends the process with 0."""
        from importlib.metadata import version  # noqa: PLC0415 - so that every other command starts without it

        print(f"part2hub {version('part2hub')} ({compiled.form()})")  # noqa: T201 - a command line prints
        parser.exit()


def _refused(command: str | None, words: str, code: int) -> int:
    print(f"{' '.join(filter(None, ('part2hub', command)))}: {words}", file=sys.stderr)  # noqa: T201 - a command line prints
    return code


def _code(error: HubError) -> int:
    if isinstance(error, NotAvailable | Rejected):
        return _WRONG_INPUT
    if isinstance(error, ConfigurationError):
        return _REFUSED
    if isinstance(error, IntegrityFailed):
        return _ANSWER_NO
    return _UNAVAILABLE if isinstance(error, Unavailable) else _ANSWER_NO


if __name__ == "__main__":
    sys.exit(main())

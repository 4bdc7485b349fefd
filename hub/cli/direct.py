"""`part2hub direct`: check a Direct message, keep trust anchors and bundles, find a partner's certificate."""

import argparse

from hub.cli import direct_check, direct_discover, direct_trust

_HELP = """\
Direct secure email (S/MIME signed, then encrypted), as agencies and their software exchange it.

  part2hub direct check mail.eml --key intake.p12 --password-file pw --anchors community.p7b
                                                 would this message be accepted, and if not, why
  part2hub direct check --reasons                every reason there is
  part2hub direct anchors add ca.pem --by m.ortiz --domain hub.example --direction both
  part2hub direct anchors list
  part2hub direct anchors remove 3fa2c1
  part2hub direct bundles add https://bundles.example/community.p7b --by m.ortiz
  part2hub direct bundles refresh                all of them, now
  part2hub direct discover intake@clinic.example where this partner publishes a certificate, and whether it may be used

Nothing here sends a message or changes what may be disclosed. `part2hub direct COMMAND --help` shows the options.

Exit codes: 0 done or accepted; 1 refused, or nothing found; 2 the input is wrong; 3 a setting is refused.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `direct` command."""
    parser = subparsers.add_parser(
        "direct",
        help="Direct mail: check a message, keep trust anchors, find certificates",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|anchors|bundles|discover")
    for part in (direct_check, direct_trust, direct_discover):
        part.add_actions(actions)
    parser.set_defaults(run=lambda args: args.act(args))

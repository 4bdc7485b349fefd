"""`part2hub serve`: run the hub until it is told to stop."""

import argparse
import gc

import msgspec

from hub.errors import ConfigurationError

_HELP = """\
Runs until SIGTERM, Ctrl-C or the end of its terminal, and finishes a delivery first. One process does everything; on
several machines with PostgreSQL, any number of each role.

  part2hub serve                              API, worker and clocks on 127.0.0.1:8080 (or $HUB_LISTEN)
  part2hub serve --listen 0.0.0.0:8080        behind a proxy that ends TLS
  part2hub serve --role api                   take submissions only
  part2hub serve --role worker                deliver only
  part2hub serve --role intake                take mail, faxes, HL7 v2 and files only
  HUB_PROBES=127.0.0.1:9464 part2hub serve --role worker
                                              and answer /healthz, /readyz and /metrics there (intake: the same)

Exit codes: 0 stopped as told, 3 a setting or key is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `serve` command."""
    parser = subparsers.add_parser(
        "serve",
        help="run the hub: API, worker and clocks",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--role",
        choices=("all", "api", "worker", "intake"),
        default="all",
        help="what this process does (default: all of it)",
    )
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="where to listen (default: $HUB_LISTEN, else 127.0.0.1:8080)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    gc.disable()  # modules are no garbage: to look for some while they load costs a tenth of the start
    from hub.bootstrap import serve  # noqa: PLC0415 - so that --help is fast
    from hub.settings import read_settings  # noqa: PLC0415

    gc.freeze()  # nor may the first collection after them look through them all
    gc.enable()
    settings = read_settings()
    if args.listen:
        host, _, port = args.listen.rpartition(":")
        if not port.isdigit():
            raise ConfigurationError("--listen needs HOST:PORT.")
        settings = msgspec.structs.replace(settings, listen_host=host or "127.0.0.1", listen_port=int(port))

    def ready() -> None:
        if args.role in ("all", "api"):
            print(f"part2hub: listening on http://{settings.listen_host}:{settings.listen_port}", flush=True)
        elif settings.probes is not None:
            print("part2hub: /healthz, /readyz and /metrics at HUB_PROBES", flush=True)

    serve(settings, args.role, ready)
    return 0

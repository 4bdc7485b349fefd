"""`python -m deploy.demo`: play a day in an invented county, then keep serving; `--once` ends by itself.

Exit codes: 0 every step did what the story says, 1 one did not, 2 not understood, 3 it could not start,
130 interrupted.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

from deploy.demo import ending, evening, report, terminal
from deploy.demo.place import fresh
from deploy.demo.report import Step
from deploy.demo.stage import Stage, stage
from deploy.demo.stories import DAY
from hub.errors import HubError

REPORT = Path("demo-report.json")
A_DAY_S = 50.0
"""The longest a day may take; it takes about ten seconds."""


def main() -> int:
    """Play; answers the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that has no check marks
    args = _arguments()
    host, port = args.listen
    if not _free(host, port):
        terminal.complain(
            f"{host}:{port} is taken, perhaps by an earlier demonstration. Stop what listens there, or choose another "
            f'port: make demo ARGS="--listen {host}:{port + 1}"'
        )
        return 3
    try:
        with fresh(args.folder) as folder:
            return asyncio.run(_interruptible(_play(folder, f"{host}:{port}", args.report, once=args.once)))
    except HubError as error:
        where = f" ({error.field})" if error.field else ""
        terminal.complain(f"The demonstration could not go on: {error.message}{where}")
    except OSError as error:
        terminal.complain(f"The demonstration could not go on: {error.strerror}")
    return 3


async def _interruptible(playing) -> int:
    task, loop = asyncio.ensure_future(playing), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        terminal.complain("\nInterrupted; everything is closed.")
        return 130


async def _play(folder: Path, listen: str, place: Path, *, once: bool) -> int:
    terminal.heading("Almendra County, invented, for a day")
    async with stage(folder, listen) as on:
        terminal.say(
            f"The hub listens on {on.base} with SQLite and nothing else; its folder is {folder}. "
            f"{len(on.data['organizations'])} organizations, {len(on.data['members'])} members and "
            f"{len(on.data['consents'])} consents are loaded."
        )
        steps = await _day(on)
        report.write(steps, place)
        if not once:
            with contextlib.suppress(TimeoutError):  # it leaves by itself, a little later
                await evening.fall(on)
        ending.show(on, steps, place)
        good = all(step.ok for step in steps)
        if not once:
            terminal.say("Serving until you press Ctrl-C.", indent=0)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            terminal.say("Closing.", indent=0)
        return 0 if good else 1


async def _day(on: Stage) -> list[Step]:
    steps: list[Step] = []
    until = asyncio.get_running_loop().time() + A_DAY_S
    for title, play in DAY:
        terminal.heading(title)
        try:
            async with asyncio.timeout_at(until):
                async for step in play(on):
                    terminal.verdict(step)
                    steps.append(step)
        except Exception as error:  # noqa: BLE001 - one story that breaks is a failed step, and the next is played
            steps.append(_broken(title, error))
            terminal.verdict(steps[-1])
    return steps


def _broken(title: str, error: Exception) -> Step:
    fact = report.Fact("the story", "plays to its end", f"broke off: {type(error).__name__} {error}")
    return Step(story=title[1], step="plays to its end", who="", what=title[4:], decision="", facts=(fact,))


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end after the day instead of serving on")
    parser.add_argument("--listen", type=_address, default="127.0.0.1:8080", metavar="HOST:PORT", help="0: any port")
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="made anew at each start (default: demo)")
    parser.add_argument("--report", type=Path, default=REPORT, help=f"where the report goes (default: {REPORT})")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError("an address is HOST:PORT, as 127.0.0.1:8080")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())

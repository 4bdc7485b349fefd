"""The stage: a folder, keys, the partners, the hub with the embedded default, the county loaded, everybody at a desk.

Rules kept: the hub is started as `part2hub serve` starts it, and gets its county through the loader that
`part2hub load` uses; whoever plays holds only a token.
"""

import asyncio
import dataclasses
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from deploy.demo import authority, documents, officers
from deploy.demo.chart import Chart, chart
from deploy.demo.desk import Desk
from deploy.demo.partners import Partners, partners
from hub import bootstrap, county, telemetry
from hub.context import Hub
from hub.crypto.keyring import Key, KeyKind, KeyRing
from hub.settings import Settings, read_settings
from hub.storage import tokens

PLAN_ADDRESS = "localhost:18443"
"""Where the county file says that the plans answer; the copy that is loaded says where they really do."""
STAFF = ("alderhaven", "hazelmoor", "marsh-lane", "greenmark")
"""Organizations whose people play a part."""
FAXED = ("thistledown", "st-anselm-ed")
"""Organizations with a fax machine in the play."""
SENDER = "relay@hub.example"
COUNTY_PACK = "sonoma-7.1.12"


@dataclasses.dataclass(frozen=True)
class Stage:
    """What a story needs."""

    hub: Hub
    """To read the ledger and what is sealed, as the hub's operator could; stories act through desks."""
    settings: Settings
    partners: Partners
    desks: Mapping[str, Desk]
    data: Mapping[str, Any]
    """The county as it is written."""
    environment: Mapping[str, str]
    """The settings as variables, for commands that look at this hub from outside."""
    base: str
    folder: Path

    def name(self, organization: str) -> str:
        return str(self.data["organizations"][organization]["name"])

    def cin(self, member: str) -> str:
        return str(self.data["members"][member]["cin"])

    def person(self, member: str) -> str:
        """As the terminal names somebody invented."""
        known = self.data["members"][member]
        return f"{known['given']} {known['family'][0]}."

    def manager(self, member: str) -> str:
        """Who answers questions about a member."""
        known = self.data["organizations"][self.data["members"][member]["primary_case_manager"]]
        return f"{known['name']}, {known['phone']}"

    def chart(self, member: str, program: str, to: str = "", *, hour: int = 16) -> Chart:
        """As of the last day that has seen this hour in the county's zone: no document may be from the future."""
        day = datetime.now(self.settings.zone) - timedelta(hours=hour)
        return chart(self.data, member, program, on=day.date(), to=to)


@asynccontextmanager
async def stage(folder: Path, listen: str) -> AsyncIterator[Stage]:
    """Everything running, on a fresh `folder`; closed on the way out. Raises `HubError`, `OSError` for the port."""
    data, keys = documents.county(), folder / "keys"
    delivery = await asyncio.to_thread(_make_keys, folder, keys)
    numbers = {each: data["organizations"][each]["fax"] for each in FAXED}
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(
            partners(keys, folder / "received", folder / "hub" / "fax-spool", numbers, {delivery.id: delivery.public})
        )
        environment = _environment(folder, listen, around.clinic.port)
        settings = read_settings(environment)
        telemetry.configure_log(to=stack.enter_context((folder / "hub" / "log.jsonl").open("w")))
        stack.enter_context(bootstrap.alone_on_file(settings))
        await asyncio.to_thread(bootstrap.migrate, settings)
        hub = await stack.enter_async_context(bootstrap.open_hub(settings))
        await _load(hub, folder, keys, around.plan_port)
        issued = {each: (await tokens.issue(hub, each, "staff", by="hub", days=1)).token for each in STAFF}
        _keep(folder / "tokens", issued)
        await officers.hire(hub, "county-bh", folder / officers.PLACE.name)
        port = await stack.enter_async_context(bootstrap.running(hub, settings))
        base = f"http://{settings.listen_host}:{port}"
        session = await stack.enter_async_context(aiohttp.ClientSession())
        desks = {each: Desk(each, data["organizations"][each]["name"], session, base, t) for each, t in issued.items()}
        yield Stage(hub, settings, around, desks, data, environment, base, folder)


def _make_keys(folder: Path, keys: Path) -> Key:
    """The hub's key ring, and the certificates and keys of everybody; the key the hub signs API deliveries with."""
    (folder / "hub").mkdir(mode=0o700)
    ring = KeyRing.create(folder / "hub" / "keys.json", "almendra.example/ledger")
    authority.make(keys)
    return ring.active(KeyKind.DELIVERY)


def _environment(folder: Path, listen: str, smtp_port: int) -> dict[str, str]:
    """The settings as an operator writes them; kept beside the data, so that the command line finds the same hub."""
    values = {
        "HUB_DATA": folder / "hub",
        "HUB_LISTEN": listen,
        "HUB_DEMO": "1",
        "HUB_OPERATOR": "hub",
        "HUB_COUNTY_PACK": COUNTY_PACK,
        "HUB_SMTP_HOST": "localhost",
        "HUB_SMTP_PORT": smtp_port,
        "HUB_SMTP_CA": folder / "keys" / "ca.crt",
        "HUB_SMTP_FROM": SENDER,
        "HUB_SMIME_KEY": folder / "keys" / "hub-mail.key",
        "HUB_SMIME_CERT": folder / "keys" / "hub-mail.crt",
    }
    given = {name: str(value) for name, value in values.items()}
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
    (folder / "hub.env").write_text("".join(lines))
    return given


async def _load(hub: Hub, folder: Path, keys: Path, plan_port: int) -> None:
    text = documents.COUNTY.read_text(encoding="utf-8")
    place = folder / "county.yaml"
    place.write_text(text.replace(PLAN_ADDRESS, f"localhost:{plan_port}"), encoding="utf-8")
    await county.load(hub, county.read_county(place, keys))


def _keep(folder: Path, issued: Mapping[str, str]) -> None:
    """The tokens as header lines (`curl -H @FILE`), for whoever wants to try the API after the play."""
    folder.mkdir(mode=0o700)
    for organization, token in issued.items():
        authority.write_private(folder / organization, f"Authorization: Bearer {token}".encode())

"""The partners: a mail server for two clinics, a managed care plan's API, fax machines.

Rules kept: a partner has its own keys and what the wire brings it, nothing of the hub; what it received lies in its own
folder, as it took it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.faxmachine import FaxMachine
from deploy.demo.mailserver import ClinicMailbox, county_mail, mail_server, server_tls
from deploy.demo.planapi import PlanApi, api_from, plan_api


@dataclass(frozen=True)
class Partners:
    """All of them, running."""

    clinic: ClinicMailbox
    """Also the server that takes mail for the other domain."""
    plan: PlanApi
    plan_port: int
    faxes: Mapping[str, FaxMachine]
    """By the organization that has it."""

    @property
    def mhp(self) -> ClinicMailbox:
        return self.clinic.neighbours["mhp.example"]


@asynccontextmanager
async def partners(
    keys: Path, folder: Path, spool: Path, numbers: Mapping[str, str], hub_keys: dict[str, bytes]
) -> AsyncIterator[Partners]:
    """Start all on free ports of this machine. `numbers`: organizations to fax numbers; `hub_keys`: as `PlanApi`."""
    mail_tls, plan_tls = (server_tls(keys / f"{name}.crt", keys / f"{name}.key") for name in ("mail-tls", "api-tls"))
    clinic = county_mail(keys, folder)
    plan = api_from(keys, folder / "plan")
    plan.hub_keys = hub_keys
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(mail_server(clinic, mail_tls))
        port = await stack.enter_async_context(plan_api(plan, plan_tls))
        faxes = {
            whose: await stack.enter_async_context(FaxMachine(spool, folder / f"fax-{whose}", number))
            for whose, number in numbers.items()
        }
        yield Partners(clinic, plan, port, faxes)

"""The demonstration's partners, started as it starts them: keys from one folder, each partner a process of
its own.
"""

import asyncio
import re
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from adapters.email.channel import EmailChannel
from deploy.demo import authority
from hub.model import ChannelKind, Delivered, Endpoint
from tests.contract.channel_parcel import CONSENT_LINES, NOTICE, PDF, admission, sample_parcel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    authority.make(folder)
    return folder


@asynccontextmanager
async def partner(module: str, keys: Path, folder: Path) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", module, str(keys), str(folder), "0", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        yield int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])
    finally:
        process.kill()
        await process.wait()


def test_private_keys_are_readable_by_their_owner_alone(keys):
    private = sorted(keys.glob("*.key"))
    assert len(private) == 9
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


@pytest.mark.parametrize("name", ["clinic", "mhp"])
async def test_each_addressee_files_the_opened_mail_its_documents_and_a_rendering(keys, tmp_path, name):
    async with partner("deploy.demo.mailserver", keys, tmp_path) as port:
        channel = EmailChannel(
            (keys / "hub-mail.key").read_bytes(),
            (keys / "hub-mail.crt").read_bytes(),
            "relay@hub.example",
            "127.0.0.1",
            port,
            tls_ca=(keys / "ca.crt").read_bytes(),
            deadline=20,
        )
        endpoint = Endpoint(
            id="e-1",
            organization="org-valley",
            channel=ChannelKind.EMAIL,
            address=f"intake@{name}.example",
            certificate=(keys / f"{name}-mail.crt").read_bytes(),
        )
        parcel = sample_parcel(endpoint)
        assert isinstance(await channel.deliver(await channel.prepare(parcel)), Delivered)
        await channel.close()
    assert (tmp_path / name / f"{parcel.delivery}-document-1.pdf").read_bytes() == PDF
    rendering = (tmp_path / name / f"{parcel.delivery}.txt").read_text()
    assert NOTICE in rendering
    assert all(f"{label}: {value}" in rendering for label, value in CONSENT_LINES)


@pytest.mark.parametrize(("form", "path"), [("fhir", "fhir"), ("sealed", "envelopes")])
async def test_the_plan_files_what_it_took_and_signs_for_it(keys, tmp_path, form, path):
    async with partner("deploy.demo.planapi", keys, tmp_path) as port:
        channel = ApiChannel(SigningKey((keys / "hub-ed25519.key").read_bytes()), "hub-1", deadline=20)
        endpoint = Endpoint(
            id="e-9",
            organization="org-plan",
            channel=ChannelKind.API,
            address=f"https://127.0.0.1:{port}/{path}",
            form=form,
            seal_key=(keys / "mcp-x25519.pub").read_bytes(),
            verify_key=(keys / "mcp-ed25519.pub").read_bytes(),
            tls_ca=(keys / "ca.crt").read_bytes(),
        )
        parcel = sample_parcel(endpoint, **admission())
        outcome = await channel.deliver(await channel.prepare(parcel))
        await channel.close()
    assert isinstance(outcome, Delivered)
    assert outcome.receipt.kind == "signed-ack"
    assert "Marisol" in (tmp_path / f"{parcel.delivery}.json").read_text()

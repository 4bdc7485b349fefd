"""Every transport keeps the promises of the seam: a job for a fax, one job for a tag, an answer for each."""

import pytest

from adapters.fax.hylafax import HylaFax, HylaFaxServer
from adapters.fax.spool import SpoolFax
from adapters.fax.transport import JobState
from tests.unit.adapters.fax.fakehfaxd import FakeHfaxd

NUMBER = "+17075550121"


@pytest.fixture(params=["spool", "hylafax"])
async def transport(request, tmp_path):
    if request.param == "spool":
        yield SpoolFax(tmp_path / "spool")
        return
    async with FakeHfaxd() as server:
        yield HylaFax(HylaFaxServer(port=server.port, user="app", password="secret", timeout=5))


async def test_a_submitted_fax_has_a_job_that_ends_done(transport):
    job = await transport.submit(NUMBER, b"pages", "06abc")

    assert isinstance(job, str)
    states = [(await transport.status(job)).state for _ in range(3)]
    assert states[-1] is JobState.DONE


async def test_the_same_tag_is_the_same_job(transport):
    first = await transport.submit(NUMBER, b"pages", "06abc")

    assert await transport.submit(NUMBER, b"pages", "06abc") == first
    assert await transport.submit(NUMBER, b"pages", "06def") != first


async def test_a_job_nobody_knows_is_gone_not_done(transport):
    assert (await transport.status("999")).state is JobState.GONE


async def test_cancelling_what_is_unknown_or_done_raises_nothing(transport):
    job = await transport.submit(NUMBER, b"pages", "06abc")
    await transport.cancel(job)
    await transport.cancel("999")


async def test_the_seam_states_what_its_receipts_are_called(transport):
    assert transport.proof in {"fax-spooled", "fax-confirmed"}
    await transport.close()

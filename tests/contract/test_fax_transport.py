"""Every fax transport keeps the promises of the seam: folder, HylaFAX, and two providers of different shapes."""

import pytest

from adapters.fax.cloud.sinch import Sinch, SinchAccount
from adapters.fax.cloud.telnyx import Telnyx, TelnyxAccount
from adapters.fax.hylafax import HylaFax, HylaFaxServer
from adapters.fax.spool import SpoolFax
from adapters.fax.transport import JobState
from deploy.demo.faxcloud import CloudFax
from hub.model import Deferred, Refused, Unknown
from tests.unit.adapters.fax.fakehfaxd import FakeHfaxd

NUMBER = "+17075550121"


class AllReported:
    """Every report has come."""

    async def ended(self, _provider: str, _job: str) -> bool:
        return True


def over(cloud: CloudFax):
    if cloud.shape == "telnyx":
        return Telnyx(TelnyxAccount(key="key", connection="c", sender="+17075550100", base=cloud.base), AllReported())
    account = SinchAccount(project="project", key="key", secret="secret", sender="+17075550100", base=cloud.base)
    return Sinch(account, AllReported())


@pytest.fixture(params=["spool", "hylafax", "telnyx", "sinch"])
async def transport(request, tmp_path):
    if request.param == "spool":
        yield SpoolFax(tmp_path / "spool")
    elif request.param == "hylafax":
        async with FakeHfaxd() as server:
            yield HylaFax(HylaFaxServer(port=server.port, user="app", password="secret", timeout=5))
    else:
        async with CloudFax(request.param) as cloud:
            transport = over(cloud)
            transport.cloud = cloud
            yield transport
            await transport.close()


@pytest.fixture(params=["telnyx", "sinch"])
async def cloud(request):
    async with CloudFax(request.param) as cloud:
        yield cloud


@pytest.fixture
async def provider(cloud):
    transport = over(cloud)
    yield transport
    await transport.close()


async def last(transport, job):
    return [await transport.status(job) for _ in range(4)][-1]


async def test_a_submitted_fax_has_a_job_that_ends_done(transport):
    job = await transport.submit(NUMBER, b"pages", "06abc")

    assert isinstance(job, str)
    assert (await last(transport, job)).state is JobState.DONE


async def test_the_same_tag_is_the_same_job(transport):
    first = await transport.submit(NUMBER, b"pages", "06abc")

    assert await transport.submit(NUMBER, b"pages", "06abc") == first
    assert await transport.submit(NUMBER, b"pages", "06def") != first


async def test_a_job_nobody_knows_is_gone_not_done(transport):
    assert (await transport.status("999")).state is JobState.GONE


async def test_cancelling_or_forgetting_what_is_unknown_or_done_raises_nothing(transport):
    job = await transport.submit(NUMBER, b"pages", "06abc")
    for each in (job, "999"):
        await transport.cancel(each)
        await transport.forget(each)


async def test_the_seam_states_what_its_receipts_are_called_and_what_it_carries(transport):
    assert transport.proof in {"fax-spooled", "fax-confirmed", "fax-cloud"}
    assert transport.confirms is (transport.proof != "fax-spooled")
    assert 0 < transport.limits.pages <= 350
    assert transport.limits.max_bytes <= 50 * 1024 * 1024


async def test_a_provider_gets_the_very_bytes_and_the_tag_and_nothing_else_of_ours(cloud, provider):
    job = await provider.submit(NUMBER, b"II*\0pages", "06abc")

    fax = cloud.faxes[job]
    assert (fax.to, fax.tag, fax.tiff) == (NUMBER, "06abc", b"II*\0pages")


@pytest.mark.parametrize(
    ("line", "reason", "lasting"),
    [
        ("busy", "busy", False),
        ("no answer", "no-answer", False),
        ("person", "not-fax", False),
        ("unallocated", "bad-number", True),
        ("blocked", "blocked", True),
        ("no money", "quota", True),
    ],
)
async def test_a_providers_failures_are_told_in_our_words_and_no_page_went_out(cloud, provider, line, reason, lasting):
    cloud.line[NUMBER] = line

    status = await last(provider, await provider.submit(NUMBER, b"pages", "06abc"))

    assert (status.state, status.reason, status.lasting) == (JobState.FAILED, reason, lasting)
    assert (status.pages, status.uncounted) == (0, False)


async def test_a_line_that_dropped_after_a_page_is_never_told_as_nothing_sent(cloud, provider):
    cloud.line[NUMBER] = "drops on page 2"

    status = await last(provider, await provider.submit(NUMBER, b"pages", "06abc"))

    # one shape counts the page, the other one cannot
    assert status.pages == 1 or status.uncounted


async def test_a_reply_lost_after_the_order_was_taken_finds_the_fax_instead_of_sending_twice(cloud, provider):
    cloud.faults.loses_reply = True

    assert await provider.submit(NUMBER, b"pages", "06abc") == "fax-1"
    assert len(cloud.faxes) == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, Refused(code="fax-auth")),
        (402, Refused(code="fax-quota")),
        (422, Refused(code="fax-rejected")),
        (429, Deferred(code="fax-server-busy")),
        (503, Unknown(code="fax-submission-unclear")),
    ],
)
async def test_an_order_that_was_not_taken_is_told_by_what_it_means(cloud, provider, status, answer):
    cloud.faults.refuses = status

    assert await provider.submit(NUMBER, b"pages", "06abc") == answer


async def test_a_provider_that_is_not_there_disclosed_nothing(unused_tcp_port):
    base = f"http://127.0.0.1:{unused_tcp_port}"
    transport = Telnyx(TelnyxAccount(key="key", connection="c", sender="+17075550100", base=base), AllReported())

    assert await transport.submit(NUMBER, b"pages", "06abc") == Deferred(code="fax-server-unreachable")
    await transport.close()


async def test_the_pages_are_deleted_at_the_provider(cloud, provider):
    job = await provider.submit(NUMBER, b"pages", "06abc")

    await provider.forget(job)

    assert cloud.faxes[job].deleted
    assert cloud.media == {}


async def test_a_token_is_bought_once_where_the_provider_wants_one():
    async with CloudFax("sinch") as cloud:
        account = SinchAccount(
            project="project",
            key="key",
            secret="secret",
            sender="+17075550100",
            base=cloud.base,
            token_url=cloud.base + "/oauth2/token",
        )
        transport = Sinch(account, AllReported())
        assert await transport.submit(NUMBER, b"pages", "06abc") == "fax-1"
        await transport.status("fax-1")
        assert cloud.tokens_sold == 1
        await transport.close()


@pytest.mark.parametrize("base", ["http://fax.provider.example", "http://192.0.2.7"])
def test_a_provider_without_tls_is_refused(base):
    from hub.errors import ConfigurationError

    with pytest.raises(ConfigurationError):
        Telnyx(TelnyxAccount(key="key", connection="c", sender="+17075550100", base=base), AllReported())

"""What becomes of a fax at a HylaFAX server, and what the channel may say of it."""

import msgspec
import pytest

from adapters.fax.channel import FaxChannel
from adapters.fax.hylafax import HylaFax, HylaFaxServer
from hub.errors import ConfigurationError
from hub.model import Deferred, Delivered, Doubt, Refused, Unknown
from tests.unit.adapters.fax.fakehfaxd import FakeHfaxd

NUMBER = "+17075550121"


@pytest.fixture
async def fax():
    async with FakeHfaxd() as server:
        yield server


def transport(fax, **settings):
    return HylaFax(HylaFaxServer(port=fax.port, user="app", password="secret", admin="secret2", timeout=5, **settings))


async def sent(fax, parcel, deadline=30.0, **settings):
    channel = FaxChannel(transport(fax, **settings), poll=0.01, deadline=deadline)
    return await channel.deliver(await channel.prepare(parcel))


async def test_a_confirmed_fax_is_delivered_with_the_station_that_answered(fax, parcel):
    outcome = await sent(fax, parcel)

    assert isinstance(outcome, Delivered)
    assert (outcome.receipt.kind, outcome.receipt.reference) == ("fax-confirmed", "job 1")
    detail = dict(outcome.receipt.detail)
    assert detail["pages"] == "3"
    assert detail["dials"] == "1"
    assert (detail["pages-confirmed"], detail["error-corrected"]) == ("3", "yes")
    assert detail["station"] == "707 555 0121"
    assert detail["station-as-expected"] == "yes"
    assert outcome.receipt.doubts == ()


async def test_the_server_gets_the_number_the_tag_and_the_very_bytes_and_nothing_about_the_member(fax, parcel):
    channel = FaxChannel(transport(fax), poll=0.01)
    prepared = await channel.prepare(parcel)
    await channel.deliver(prepared)

    job = fax.jobs["1"]
    assert job.documents == [prepared.body]
    assert job.parameters["DIALSTRING"] == NUMBER
    assert job.parameters["JOBINFO"] == parcel.delivery
    said = " ".join(job.parameters.values())
    assert not [word for word in ("Quiroga", "Ines", "01234567A", "1991") if word in said]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("busy", Deferred(code="fax-busy")),
        ("no-answer", Deferred(code="fax-no-answer")),
        ("voice", Deferred(code="fax-not-fax")),
        # at most the cover left, and the cover says nothing of a person
        ("breaks-on-cover", Deferred(code="fax-line-failed")),
        ("converter-broken", Deferred(code="fax-not-converted")),
        ("refused-file", Refused(code="fax-media-bad")),
        ("blocked", Refused(code="fax-blocked")),
    ],
)
async def test_a_fax_that_failed_counts_as_undisclosed_only_if_no_page_was_confirmed(fax, parcel, line, outcome):
    fax.line[NUMBER] = line

    assert await sent(fax, parcel) == outcome


async def test_a_fax_that_broke_off_after_pages_went_out_is_unknown_and_says_how_many(fax, parcel):
    fax.line[NUMBER] = "breaks-on-page-3"

    outcome = await sent(fax, parcel)

    assert isinstance(outcome, Unknown)
    assert outcome.code == "fax-page-partial"
    assert dict(outcome.receipt.detail)["pages-confirmed"] == "2"


async def test_pages_confirmed_without_error_correction_are_told_as_that(fax, parcel):
    fax.corrects = False

    receipt = (await sent(fax, parcel)).receipt

    assert dict(receipt.detail)["error-corrected"] == "no"
    assert receipt.doubts == (Doubt.NOT_CORRECTED,)


async def test_without_the_session_log_the_coding_tells_that_errors_were_corrected(fax, parcel):
    fax.admin = "another"
    channel = FaxChannel(HylaFax(HylaFaxServer(port=fax.port, user="app", password="secret", timeout=5)), poll=0.01)

    receipt = (await channel.deliver(await channel.prepare(parcel))).receipt

    assert dict(receipt.detail)["error-corrected"] == "yes"


@pytest.mark.parametrize(
    ("expected", "doubts"),
    [
        ("+1 (707) 555-0121", ()),
        ("707 555 0122", (Doubt.OTHER_STATION,)),
        (None, ()),
    ],
)
async def test_the_station_that_answered_is_compared_with_the_directory(fax, parcel, expected, doubts):
    endpoint = msgspec.structs.replace(parcel.endpoint, station=expected)

    receipt = (await sent(fax, msgspec.structs.replace(parcel, endpoint=endpoint))).receipt

    assert receipt.doubts == doubts


async def test_a_job_that_is_due_long_past_while_nothing_is_sent_is_called_off_as_stalled(fax, parcel):
    fax.line[NUMBER] = "waits"
    fax.late = 700

    assert await sent(fax, parcel) == Deferred(code="fax-server-stalled")
    assert fax.jobs["1"].killed


async def test_a_job_that_the_scheduler_has_forgotten_is_handed_in_once_more_and_goes_out_once(fax, parcel):
    fax.forgets, fax.late = True, 10

    outcome = await sent(fax, parcel)

    assert isinstance(outcome, Delivered)
    assert fax.woken == list(fax.jobs) == ["1"]


@pytest.mark.parametrize(("line", "late"), [("waits", 3), ("answers", 10)])
async def test_a_job_that_has_just_become_due_or_is_being_sent_is_not_handed_in_again(fax, line, late):
    fax.line[NUMBER], fax.late = line, late
    hylafax = transport(fax)
    job = await hylafax.submit(NUMBER, b"pages", "06abc")
    fax.jobs[job].asked = 1

    await hylafax.status(job)

    assert fax.woken == []


async def test_a_job_is_handed_in_once_more_only_once_and_one_that_a_person_has_stopped_never(fax):
    fax.line[NUMBER], fax.late = "waits", 10
    hylafax = transport(fax)
    job = await hylafax.submit(NUMBER, b"pages", "06abc")
    for _ in range(3):
        await hylafax.status(job)
    stopped = await hylafax.submit(NUMBER, b"pages", "06def")
    fax.jobs[stopped].stopped = True
    await hylafax.status(stopped)

    assert fax.woken == [job]
    assert fax.jobs[stopped].stopped


@pytest.mark.parametrize("broken", ["drop_before", "refuse"])
async def test_a_job_whose_handing_in_once_more_breaks_off_halfway_does_not_stay_stopped(fax, broken):
    fax.line[NUMBER], fax.late = "waits", 10
    hylafax = transport(fax)
    job = await hylafax.submit(NUMBER, b"pages", "06abc")
    setattr(fax, broken, "JSUBM")
    await hylafax.status(job)
    assert fax.jobs[job].stopped

    setattr(fax, broken, "")
    await hylafax.status(job)
    assert fax.woken == [job]

    fax.jobs[job].stopped = True  # by a person now
    await hylafax.status(job)
    assert fax.jobs[job].stopped


async def test_a_job_that_is_due_later_is_waited_for(fax):
    fax.line[NUMBER] = "waits"
    fax.late = -60
    job = await transport(fax).submit(NUMBER, b"pages", "06abc")

    assert not (await transport(fax).status(job)).stalled


async def test_a_job_that_waits_past_the_deadline_is_called_off_and_nothing_was_disclosed(fax, parcel):
    fax.line[NUMBER] = "waits"

    assert await sent(fax, parcel, deadline=0.05) == Deferred(code="fax-cancelled")
    assert fax.jobs["1"].killed


async def test_submitting_again_after_a_crash_finds_the_job_instead_of_sending_twice(fax):
    first = await transport(fax).submit(NUMBER, b"pages", "06abc")
    again = await transport(fax).submit(NUMBER, b"pages", "06abc")

    assert first == again == "1"
    assert len(fax.jobs) == 1


async def test_a_reply_lost_after_the_submission_still_finds_the_job(fax):
    fax.drop_after = "JSUBM"

    assert await transport(fax).submit(NUMBER, b"pages", "06abc") == "1"


async def test_a_connection_lost_before_the_submission_means_that_no_job_exists(fax):
    fax.drop_before = "JSUBM"

    assert await transport(fax).submit(NUMBER, b"pages", "06abc") == Deferred(code="fax-server-refused")
    assert fax.jobs == {}


async def test_a_scheduler_that_is_down_means_that_no_job_exists(fax):
    fax.refuse = "JSUBM"

    assert await transport(fax).submit(NUMBER, b"pages", "06abc") == Deferred(code="fax-server-refused")
    assert fax.jobs == {}


async def test_a_server_lost_between_submission_and_reply_leaves_the_fax_unknown(fax):
    fax.dies_after = "JSUBM"

    assert await transport(fax).submit(NUMBER, b"pages", "06abc") == Unknown(code="fax-submission-unclear")


async def test_a_wrong_password_disclosed_nothing(fax):
    fax.password = "another"

    assert await transport(fax).submit(NUMBER, b"pages", "06abc") == Refused(code="fax-auth")


async def test_a_server_that_is_not_there_disclosed_nothing(unused_tcp_port, parcel):
    channel = FaxChannel(HylaFax(HylaFaxServer(port=unused_tcp_port)))

    assert await channel.deliver(await channel.prepare(parcel)) == Deferred(code="fax-server-unreachable")


@pytest.mark.parametrize("host", ["fax.county.example", "192.0.2.7"])
def test_a_fax_server_on_another_machine_is_refused_because_the_protocol_has_no_tls(host):
    with pytest.raises(ConfigurationError):
        HylaFax(HylaFaxServer(host=host))

"""What a message becomes: event, instant, person, restrictions, what a person must look at."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY, Peer
from adapters.mllp.reading import Reading, read
from adapters.mllp.restrictions import Effect
from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.model import MessageKind
from tests.unit.adapters.mllp.messages import adt, samples

ZONE = ZoneInfo("America/Los_Angeles")
NOW = 1_772_900_000_000_000  # 2026-03-07 16:13:20 UTC
ADMITTED = 1_772_865_600_000_000  # 2026-03-06 22:40 in Los Angeles


def reading(raw: bytes, peer: Peer = NOBODY) -> Reading:
    return read(Message.read(raw), raw, zone=ZONE, now=NOW, peer=peer)


def packet(raw: bytes, peer: Peer = NOBODY) -> ArrivedPacket:
    found = reading(raw, peer)
    assert found.arrival is not None
    assert isinstance(found.arrival.content, ArrivedPacket)
    return found.arrival.content


def text(content: ArrivedPacket) -> str:
    return content.documents[0].content.decode()


@pytest.mark.parametrize(
    ("trigger", "kind", "event", "place"),
    [
        ("A01", MessageKind.ADMIT_NOTICE, "admit", "opens"),
        ("A02", MessageKind.ADMIT_NOTICE, "transfer", "opens"),
        ("A03", MessageKind.DISCHARGE_NOTICE, "discharge", "opens"),
        ("A04", MessageKind.ADMIT_NOTICE, "visit", "opens"),
        ("A11", MessageKind.ADMIT_NOTICE, "admit_cancelled", "retracts"),
        ("A12", MessageKind.ADMIT_NOTICE, "transfer_cancelled", "retracts"),
        ("A13", MessageKind.DISCHARGE_NOTICE, "discharge_cancelled", "retracts"),
    ],
)
def test_each_event_becomes_its_notice(trigger, kind, event, place):
    found = packet(adt(trigger))
    assert found.event is not None
    assert (found.kind, found.event.kind, found.event.at, found.place) == (kind, event, ADMITTED, place)
    assert found.thread == "visit/V-1001"
    assert found.event.setting == "inpatient"


def test_an_update_says_what_it_states_of_the_visit_and_nothing_else():
    found = reading(adt("A08", more=("ARV|1|A|LOC|PAT",)))
    assert found.arrival is not None
    update = found.arrival.content
    assert isinstance(update, ArrivedUpdate)
    assert (update.thread, update.setting, update.place) == ("visit/V-1001", "inpatient", "HARBOR, W1, R2, B3")
    assert (update.hidden, update.restricted, update.admitted_at) == (True, True, None)


def test_the_notice_says_when_and_where_and_holds_no_diagnosis():
    found = packet(adt(more=("DG1|1||F11.20^Opioid dependence^I10", "IN1|1|PLAN|77|Sunrise")))
    assert text(found) == (
        "Admission notice\nWhen: 2026-03-06 22:40 PST\nSetting: inpatient\nWhere: HARBOR, W1, R2, B3\nVisit: V-1001\n"
    )
    assert [document.information for document in found.documents] == ["attendance"]


def test_the_person_is_named_by_cin_with_its_authority_or_by_demographics():
    person = packet(adt()).person
    assert (person.cin, person.given, person.family, person.born) == ("01234567A", "MARISOL", "QUINTANAR", "1988-04-11")
    card = packet(adt(cin="91234567A56213")).person
    assert card.cin == "91234567A"
    other = packet(adt().replace(b"01234567A^^^MEDI-CAL^MA", b"01234567A^^^HOSPITAL^MR")).person
    assert other.cin == ""
    named = packet(
        adt().replace(b"^^^MEDI-CAL^MA", b"^^^COUNTY-INDEX"), Peer(organization="x", authorities=("County-Index",))
    ).person
    assert named.cin == "01234567A"


def test_a_message_without_a_key_is_taken_for_a_person_to_match():
    found = reading(adt(cin="", born="1988"))
    assert not found.has_key
    assert "patient-without-key" in found.warnings
    assert found.arrival is not None


def test_msh_9_is_believed_and_another_evn_1_is_a_warning():
    found = reading(adt("A03").replace(b"EVN|A03", b"EVN|A01"))
    assert found.event == "discharge"
    assert "event-code-differs" in found.warnings


@pytest.mark.parametrize(
    ("segment", "carrier", "effect"),
    [
        ("PD1|||||||||||" + "|Y", "PD1-12", Effect.PERSON),
        ("PV2|" + "|" * 21 + "Y", "PV2-22", Effect.PERSON),
        ("PV2|" + "|" * 21 + "Q", "PV2-22", Effect.PERSON),
        ("ARV|1|A|LOC|PAT", "ARV", Effect.NO_LOCATION),
        ("ARV|1|A|PSY|PAT", "ARV", Effect.SUBJECT),
        ("ARV|1|A|DEM|PAT", "ARV", Effect.PERSON),
        ("ARV|1|A|WHATEVER|PAT", "ARV", Effect.PERSON),
        ("ARV|1|A||PAT", "ARV", Effect.PERSON),
        ("ARV|1|A|DEM|PAT||20200101^20210101", "ARV", Effect.LABEL),
        ("ARV|1|A|DEM|PAT||20200101^2026", "ARV", Effect.PERSON),
        ("ARV|1|A|DEM|PAT||20200101^202603", "ARV", Effect.PERSON),
        ("CON|1|||||||||||A", "CON", Effect.PERSON),
        ("CON|1||||||||||A", "CON", Effect.LABEL),
        ("CON|1||||||||||R", "CON", Effect.PERSON),
        ("CON|1||||||||||N", "CON", Effect.PERSON),
        ("CON|1||||||||||NO", "CON", Effect.PERSON),
    ],
)
def test_each_carrier_of_a_restriction_is_seen(segment, carrier, effect):
    found = reading(adt(more=(segment,)))
    assert [(each.carrier, each.effect) for each in found.restrictions] == [(carrier, effect)]
    content = packet(adt(more=(segment,)))
    assert "Confidentiality: R" in text(content)
    assert content.review == ((f"restricted.{carrier.lower()}",) if effect is Effect.PERSON else ())
    assert ("Where:" in text(content)) is (effect not in (Effect.NO_LOCATION, Effect.SUBJECT))


@pytest.mark.parametrize("code", ["VIP", "Y"])
def test_a_vip_is_labelled_and_an_unknown_indicator_is_a_persons(code):
    vip = adt().replace(b"HARBOR||||||||||||||||V-1001", f"HARBOR|||||||||||||{code}|||V-1001".encode())
    assert [(each.carrier, each.effect) for each in reading(vip).restrictions] == [("PV1-16", Effect.LABEL)]
    odd = vip.replace(f"|{code}|||V-1001".encode(), b"|ZQ|||V-1001")
    assert packet(odd).review == ("restricted.pv1-16",)


@pytest.mark.parametrize(
    "segment", ["PD1|||||||||||" + "|N", "PV2|" + "|" * 21 + "N", "ARV|1|D|DEM", "ARV|1|A|NO", "PD1|1"]
)
def test_no_restriction_is_none(segment):
    assert reading(adt(more=(segment,))).restrictions == ()


@pytest.mark.parametrize("stamp", ["0001+1400", "99991231235959-1400", "20260306+0060", "20260306+9999"])
def test_an_odd_time_of_the_message_is_no_reason_not_to_read_it(stamp):
    odd = adt().replace(b"|20260306224500-0800||ADT", f"|{stamp}||ADT".encode())
    assert odd != adt()
    assert packet(odd).event.kind == "admit"


def test_a_character_set_nobody_knows_is_answered_and_kept_for_a_person():
    found = reading(adt(header="||||||KLINGON", name="QUINTA\u00d1AR^MARISOL"))
    assert found.fault is not None
    assert found.fault.code == 102
    assert found.arrival is not None
    assert (found.arrival.trouble, found.arrival.content) == ("charset-unknown", None)


def test_a_certificate_does_not_send_for_another_facility():
    peer = Peer(organization="harbor", facilities=("HARBOR",))
    assert reading(adt(), peer).arrival.trouble == ""
    assert reading(adt(facility="LANTERN"), peer).arrival.trouble == "facility-differs"


REF = b"""MSH|^~\\&|EHR|HARBOR|HUB|LANTERN|20260306||REF^I12^REF_I12|R1|P|2.5.1
RF1|P|R|Med||O|REF-77^HARBOR||||W^Warm handoff
PRD|RT^Referred to|Oakes^Wren|||||1999999984^NPI
PID|1||01234567A^^^MEDI-CAL^MA||QUINTANAR^MARISOL||19880411
DG1|1||F11.20^Opioid dependence^I10
OBX|1|ED|51848-0^Assessment^LN||^AP^PDF^Base64^JVBERi0xLjQK||||||F
"""


def test_a_referral_becomes_a_packet_of_items_that_are_decided_one_by_one():
    found = packet(REF, Peer(organization="harbor", receivers={"1999999984": "lantern"}))
    assert (found.kind, found.thread, found.recipients) == (
        MessageKind.REFERRAL_PACKET,
        "referral/REF-77",
        ("lantern",),
    )
    assert [(d.information, d.title) for d in found.documents] == [
        ("summary", "Referral request"),
        ("diagnosis", "Diagnoses"),
        ("assessment", "Assessment"),
    ]
    assert found.documents[2].content == b"%PDF-1.4\n"
    assert b"F11.20" not in found.documents[0].content


@pytest.mark.parametrize(
    ("identifier", "information", "review"),
    [
        (b"18776-5^Plan^LN", "treatment_plan", ()),
        (b"counseling_notes^Session^99PART2HUB", "counseling_notes", ()),
        (b"DOC^Assessment^L", "summary", ("document.unclassed",)),
        (b"11111-1^Something^LN", "summary", ("document.unclassed",)),
        (b"gossip^Something^99PART2HUB", "summary", ("document.unclassed",)),
        (b"assessment^Assessment^L", "summary", ("document.unclassed",)),
    ],
)
def test_a_document_whose_class_nothing_says_is_for_a_person(identifier, information, review):
    found = packet(REF.replace(b"51848-0^Assessment^LN", identifier))
    assert (found.documents[2].information, found.review) == (information, review)


def test_whom_a_referral_is_for_is_never_guessed():
    assert packet(REF).recipients == ("v2:1999999984",)


@pytest.mark.parametrize(
    ("orc", "step"),
    [
        ("OK|REF-77|||IP", "accepted"),
        ("UA|REF-77|||CA", "declined"),
        ("SC|REF-77|||SC", "scheduled"),
        ("SC|REF-77|||A", "in_progress"),
        ("RE|REF-77|||CM", "completed"),
        ("CA|REF-77|||CA", "cancelled"),
    ],
)
def test_each_status_of_360x_is_a_report_back(orc, step):
    raw = f"MSH|^~\\&|E|LANTERN|H|C|20260306||OSU^O51^OSU_O51|S1|P|2.8\rPID|1\rORC|{orc}\r".encode()
    found = packet(raw)
    assert found.event is not None
    assert (found.kind, found.event.kind, found.place, found.thread) == (
        MessageKind.STATUS_REPORT,
        step,
        "answers",
        "referral/REF-77",
    )


@pytest.mark.parametrize(
    ("trigger", "step"), [("S12", "scheduled"), ("S15", "appointment_cancelled"), ("S26", "no_show")]
)
def test_appointments_are_status_reports(trigger, step):
    raw = (
        f"MSH|^~\\&|E|F|H|C|20260306||SIU^{trigger}|S1|P|2.5.1\rSCH|9||||||||||^^^202603101000-0800|{'|' * 14}REF-77\r"
    )
    found = packet(raw.encode())
    assert found.event is not None
    assert (found.event.kind, found.thread) == (step, "referral/REF-77")
    assert "Appointment: 2026-03-10 11:00 PDT" in text(found)
    expected = datetime(2026, 3, 10, 18, tzinfo=UTC).timestamp() * 1_000_000
    assert found.slot == (expected if step == "scheduled" else None)


def test_a_status_that_nobody_can_tell_is_a_persons():
    raw = b"MSH|^~\\&|E|F|H|C|2026||OSU^O51|S1|P|2.8\rORC|QQ|REF-77|||ZZ\r"
    assert packet(raw).review == ("referral.unclear",)


@pytest.mark.parametrize("path", samples(), ids=lambda path: path and path.stem)
def test_every_third_partys_message_can_be_taken(path):
    found = reading(path.read_bytes())
    assert found.fault is None
    assert found.arrival is not None
    assert found.has_key

"""A closed loop referral by Direct mail (IHE 360X) through a real Postfix: the other side is openssl, Python's own mail
and zip libraries, and two HL7 libraries that are not ours."""

import email
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import hl7
import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hl7apy.parser import parse_message

from hub import exchange
from hub.context import Hub
from hub.fhir.referrals import shares, task_of
from hub.inbound import belonging, keep
from hub.storage import consents
from hub.storage.tables import Inbound, Outbox, ReferralTask, Submission, WorkItem
from tests.direct_town import CLINIC, HUB, Community, Town, a_mail_hub, a_town, cda, post, put_mail_entry, rows, until
from tests.scenes import BORN, CIN, FORM, NAME, handed

pytestmark = pytest.mark.timeout(180)
LANTERN, US = f"lantern@{CLINIC}", f"exchange@{HUB}"
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
FORMAT = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"


@pytest.fixture(scope="module")
def community() -> Community:
    return Community()


@pytest.fixture
async def town(tmp_path: Path, community: Community) -> AsyncIterator[Town]:
    async with a_town(tmp_path, community) as town:
        yield town


async def referred(town: Town, hub: Hub) -> str:
    """Harbor refers its member to Lantern, who reads 360X and may tell Harbor what became of it."""
    member = await town.settle_in(hub)
    await put_mail_entry(hub, "lantern", LANTERN, town.community.clinic.pem, "360x no-mdn")
    back = msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
    consent = await consents.record(hub, member, back, by="lantern")
    await consents.verify(hub, consent, by="harbor/second")
    await exchange.submit(hub, handed(member))
    await until(lambda: came_to(town, LANTERN))
    (share,) = await rows(hub, Outbox)
    return str(share["id"])


async def came_to(town: Town, address: str) -> list[EmailMessage]:
    """The mails to an address of the clinic's, opened by openssl and read by Python's library."""
    read = [email.message_from_bytes(each, policy=SMTP) for each in await town.opened()]
    inner = [each.get_payload(0) if each.get_content_type() == "message/rfc822" else each for each in read]
    return [each for each in inner if address in str(each["To"])]


def package_in(mail: EmailMessage) -> dict[str, bytes]:
    (part,) = [each for each in mail.walk() if each.get_content_type() == "application/zip"]
    with zipfile.ZipFile(io.BytesIO(part.get_payload(decode=True))) as archive:
        assert archive.testzip() is None
        return {each: archive.read(each) for each in archive.namelist()}


def answer(number: str, *segments: str, control: str, trigger: str = "OSU^O51^OSU_O51") -> str:
    """What became of it, put together by a library that is not ours."""
    lines = [
        f"MSH|^~\\&|EHR|LANTERN|HUB|HARBOR|20260301120000-0800||{trigger}|{control}|P|2.5.1|||NE|NE|||||360X",
        f"PID|1||{CIN}^^^MEDI-CAL^MA||{NAME[1]}^{NAME[0]}||{BORN.replace('-', '')}|F",
        *segments,
    ]
    return str(hl7.parse("\r".join(lines)))


def order(number: str, action: str, status: str) -> str:
    return f"ORC|{action}|{number}|||{status}||||20260301120000-0800"


DOCUMENT = (
    '<ExtrinsicObject id="D{n}" mimeType="{kind}" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
    '<Slot name="URI"><ValueList><Value>{name}</Value></ValueList></Slot></ExtrinsicObject>'
)
METADATA = (
    '<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
    '<RegistryObjectList xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">{documents}<RegistryPackage id="S"/>'
    '<Classification id="c" classifiedObject="S" '
    'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
    "</RegistryObjectList></SubmitObjectsRequest>"
)


def package(message: str, *documents: bytes) -> bytes:
    """An XDM package as another vendor would write it."""
    files = [("x-application/hl7-v2+er7", "MSG.HL7", message.encode())]
    files += [("text/xml", f"D{n}.XML", each) for n, each in enumerate(documents)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("INDEX.HTM", "<html></html>")
        for _, name, content in files:
            packed.writestr(f"IHE_XDM/SUBSET01/{name}", content)
        listed = "".join(DOCUMENT.format(n=n, kind=kind, name=name) for n, (kind, name, _) in enumerate(files))
        packed.writestr("IHE_XDM/SUBSET01/METADATA.XML", METADATA.format(documents=listed))
    return out.getvalue()


def mail_of(control: str, message: str, *documents: bytes) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = LANTERN, US, "Referral status"
    mail["Message-ID"] = f"<{control}@{CLINIC}>"
    mail.set_content("Please see the attached.")
    mail.add_attachment(package(message, *documents), "application", "zip", filename="xdm.zip")
    return mail.as_bytes()


async def sends(town: Town, mail: bytes) -> None:
    """Lantern's mail system, to the hub; signed and sealed anew each time."""
    await post(town.relay, town.openssl.sealed(mail, sender=LANTERN), US, LANTERN)


async def test_a_referral_goes_out_as_a_360x_message_that_other_libraries_read(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        number = await referred(town, hub)
        (mail,) = await came_to(town, LANTERN)
    files = package_in(mail)
    assert "360X" not in str(mail["Subject"])
    context = next(each for each in mail.walk() if each.get_filename() == "metadata.txt").get_content()
    assert {"type: referral/order", "purpose: treatment"} <= set(context.splitlines())
    metadata = fromstring(files["IHE_XDM/SUBSET01/METADATA.XML"])
    documents = list(metadata.iter(f"{RIM}ExtrinsicObject"))
    assert [each.get("mimeType") for each in documents] == ["x-application/hl7-v2+er7", "text/plain"]
    formats = [each for each in documents[0].iter(f"{RIM}Classification") if each.get("classificationScheme") == FORMAT]
    assert [each.get("nodeRepresentation") for each in formats] == ["urn:ihe:pcc:360x:hl7:OMG:O19:2017"]
    slots = {each.get("name"): [v.text for v in each.iter(f"{RIM}Value")] for each in documents[0].iter(f"{RIM}Slot")}
    (reference,) = slots["urn:ihe:iti:xds:2013:referenceIdList"]
    raw = files[f"IHE_XDM/SUBSET01/{slots['URI'][0]}"].decode()
    asked = parse_message(raw, find_groups=True)
    assert asked.name == "OMG_O19"
    assert asked.omg_o19_patient.pid.pid_5.pid_5_1.to_er7() == NAME[1]
    ordered = asked.omg_o19_order
    assert (ordered.orc.orc_1.to_er7(), ordered.orc.orc_2.orc_2_1.to_er7()) == ("NW", number)
    assert ordered.orc.orc_14.to_er7() == f"^NET^Internet^{US}"
    other = hl7.parse(raw)
    assert [str(other["MSH"][0][n]) for n in (15, 16, 21)] == ["NE", "NE", "360X"]
    assert reference == f"{number}^^^&{other['ORC'][0][2][0][2]}&ISO^urn:ihe:iti:xds:2013:referral"


ACCEPTED = ("OK", "IP", "accepted")
DECLINED = ("UA", "CA", "declined")
COMPLETED = ("RE", "CM", "completed")
TASKS = {"declined": "rejected", "completed": "completed"}
"""The status of the FHIR Task that Harbor sees."""


async def told(hub: Hub) -> list[str]:
    """What Harbor was told became of the referral."""
    reports = [each for each in await rows(hub, Submission) if each["kind"] == "status_report"]
    shares = {each["submission_id"]: each for each in await rows(hub, Outbox)}
    assert all(shares[each["id"]]["recipient"] == "harbor" for each in reports)
    return [msgspec.json.decode(each["facts"])["event"]["kind"] for each in sorted(reports, key=lambda r: str(r["id"]))]


@pytest.mark.parametrize("steps", [(ACCEPTED, COMPLETED), (DECLINED,)], ids=["accepted-completed", "declined"])
async def test_what_becomes_of_it_comes_back_by_mail_to_whoever_asked(
    town: Town, steps: tuple[tuple[str, str, str], ...]
) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        number = await referred(town, hub)
        for count, (action, status, _) in enumerate(steps, 1):
            note = (cda(),) if status == "CM" else ()
            message = answer(number, order(number, action, status), control=f"A{count}")
            await sends(town, mail_of(f"a{count}", message, *note))

            async def reported(wanted: int = count) -> bool:
                settled = all(each["state"] != "taken" for each in await rows(hub, Inbound))
                return settled and len(await told(hub)) == wanted

            await until(reported)
        assert await told(hub) == [step for _, _, step in steps]
        (share,) = await shares(hub, "harbor", share=number)
        assert task_of(share)["status"] == TASKS[steps[-1][2]]

        async def heard() -> list[EmailMessage] | None:
            found = await came_to(town, "nurse@")
            return found if len(found) >= len(steps) else None

        assert await until(heard)
        assert [item for item in await rows(hub, WorkItem) if item["kind"] == "inbound"] == []


async def test_an_appointment_by_mail_is_told_and_an_answer_sent_again_is_one_answer(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        number = await referred(town, hub)
        segments = (f"SCH|A1||||||||||^^^20260305090000-0800|{'|' * 14}{number}", order(number, "SC", "SC"))
        message = answer(number, *segments, control="S1", trigger="SIU^S12^SIU_S12")
        mail = mail_of("s1", message)
        for _ in range(2):
            await sends(town, mail)
        await until(lambda: told(hub))

        async def taken() -> bool:
            settled = all(each["state"] != "taken" for each in await rows(hub, Inbound))
            return settled and town.relay.log.count("status=sent (250 2.0.0 Taken)") == 2

        await until(taken)
        assert await told(hub) == ["scheduled"]
        ((step, slot),) = [(each["step"], each["slot_at"]) for each in await rows(hub, ReferralTask)]
        assert (step, slot) == ("scheduled", int(datetime(2026, 3, 5, 17, tzinfo=UTC).timestamp() * 1_000_000))


async def test_an_answer_to_a_referral_that_nobody_made_is_a_persons_to_look_at(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        await referred(town, hub)
        number = "0" * 32
        message = answer(number, order(number, "OK", "IP"), control="U1")
        await sends(town, mail_of("u1", message))

        async def waiting() -> list[str]:
            return [str(each["code"]) for each in await rows(hub, Inbound) if each["state"] == "waiting"]

        assert await until(waiting) == ["referral.unknown"]
        assert await told(hub) == []


async def waiting_codes(hub: Hub) -> list[str]:
    return [str(each["code"]) for each in await rows(hub, Inbound) if each["state"] == "waiting"]


@pytest.mark.parametrize(
    "entity",
    [
        b"Content-Type: text/plain\r\n\r\nShe came to her first appointment.\r\n",
        b'Content-Type: text/xml; name="note.xml"\r\n\r\n' + cda() + b"\r\n",
    ],
    ids=["a text that names nobody", "a document that names the person"],
)
async def test_an_answer_whose_headers_nobody_signed_goes_on_only_when_a_person_says_what_it_answers(
    town: Town, entity: bytes
) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        await referred(town, hub)
        (asked,) = await came_to(town, LANTERN)
        (referral,) = [each["id"] for each in await rows(hub, Submission)]
        mail = town.openssl.unwrapped(entity, sender=LANTERN)
        await post(town.relay, f"In-Reply-To: {asked['Message-ID']}\r\n".encode() + mail, US, LANTERN)
        (codes,) = await until(lambda: waiting_codes(hub))
        assert "referral.unproved" in codes.split()
        assert [each["kind"] for each in await rows(hub, Submission)] == ["referral_packet"]
        (arrival,) = [each["id"] for each in await rows(hub, Inbound) if each["state"] == "waiting"]
        (earlier,) = await belonging.candidates(hub, await keep.read(hub, arrival))
        assert (earlier.submission, earlier.event) == (referral, "referral")
        await belonging.attach(hub, arrival, earlier.submission, organization="lantern", by="lantern/desk")
        reports = [each for each in await rows(hub, Submission) if each["kind"] == "status_report"]
        (share,) = [each for each in await rows(hub, Outbox) if each["submission_id"] == reports[0]["id"]]
        assert (reports[0]["sender"], share["recipient"]) == ("lantern", "harbor")


async def test_an_unsigned_number_of_anothers_referral_shows_whoever_sends_it_nothing(town: Town) -> None:
    async with a_mail_hub(town.environment(), town.community) as hub:
        number = await referred(town, hub)
        mail = town.openssl.unwrapped(b"Content-Type: text/plain\r\n\r\nDone.\r\n", sender=f"desk@{CLINIC}")
        await put_mail_entry(hub, "sunrise", f"desk@{CLINIC}", town.community.clinic.pem)
        head = f"In-Reply-To: <{number}.1@{HUB}>\r\n".encode()
        await post(town.relay, head + mail, US, f"desk@{CLINIC}")
        await until(lambda: waiting_codes(hub))
        (arrival,) = [each["id"] for each in await rows(hub, Inbound) if each["state"] == "waiting"]
        assert await belonging.candidates(hub, await keep.read(hub, arrival)) == []

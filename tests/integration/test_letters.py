"""Letters to patients: what they say, in both languages; the proofs inside check with a public key alone."""

import io
import re
from typing import Any

import msgspec
import pypdfium2
import pytest

from hub.compliance import matters
from hub.compliance.letters import accounting, breach
from hub.compliance.letters.words import words
from hub.crypto.proof import Proof
from hub.errors import Conflict, NotAvailable
from hub.ledger.proofs import public_keys
from hub.ledger.sequencer import Sequencer
from hub.model import Unknown
from hub.storage import matters as stored
from hub.storage import members
from hub.storage.member_facts import MemberFacts
from tests.disclosures import EMERGENCY, a_county, disclose
from tests.registers import at, do, opened
from tests.scenes import BORN, CIN, NAME, Scene, a_scene

LANGUAGES = ("en", "es")
NOTICES = {
    "en": {
        "what_happened": "A fax about your care went to the wrong number. A tire shop received it.",
        "kinds": "Your name, your birth date and the date of one visit.",
        "protect": "You do not need to do anything. If somebody calls you about this, please tell us.",
        "doing": "The shop gave the page back and we destroyed it. We now check every new number with a test page.",
        "contact": "Call us free of charge at 1-800-555-0100, Monday to Friday from 8 to 5.",
    },
    "es": {
        "what_happened": "Un fax sobre su tratamiento fue a un número equivocado. Lo recibió un taller de llantas.",
        "kinds": "Su nombre, su fecha de nacimiento y la fecha de una visita.",
        "protect": "No tiene que hacer nada. Si alguien le llama por esto, por favor díganos.",
        "doing": "El taller devolvió la hoja y la destruimos. Ahora probamos cada número nuevo con una hoja de prueba.",
        "contact": "Llámenos gratis al 1-800-555-0100, de lunes a viernes, de 8 a 5.",
    },
}


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    document.close()
    return re.sub(r"\s+", " ", " ".join(pages))


def attached(pdf: bytes) -> dict[str, bytes]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    found = {}
    for number in range(document.count_attachments()):
        attachment = document.get_attachment(number)
        found[attachment.get_name()] = bytes(attachment.get_data())
    document.close()
    return found


async def a_request(scene: Scene, **more: Any) -> str:
    return await opened(scene, "accounting", member=scene.member, received_at=at(scene, 3), **more)


async def disclosed(scene: Scene) -> None:
    await scene.consent()
    for n in range(3):
        await scene.submit(f"k{n}", items=({"information": "assessment"}, {"information": "medications"}))
    await scene.dispatch_all()
    scene.channel.answers.append(Unknown(code="timeout"))
    await scene.submit("other", recipients=("valley-clinic",), items=({"information": "summary"},))
    await scene.dispatch_all()
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()


async def test_the_letter_says_who_when_where_what_and_why(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await disclosed(scene)
        made = await accounting.answer(scene.hub, await a_request(scene), "harbor")
        said = text_of(made.pdf)
        assert f"Dear {NAME[0]} {NAME[1]}," in said
        for part in (
            "Harbor House", "information about you 4 times", "Lantern Outpatient, by a secure line to lantern.example",
            "3 times on ", "Your assessment and your medications.", "Reason: treatment.",
            "We are not sure that this arrived.", "This list is free.",
        ):  # fmt: skip
            assert part in said, part


async def test_the_letter_speaks_spanish(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await disclosed(scene)
        made = await accounting.answer(scene.hub, await a_request(scene, language="es"), "harbor")
        said = text_of(made.pdf)
        for part in ("Quién ha recibido información sobre usted", "3 veces el ", "Motivo: el tratamiento."):
            assert part in said, part
        assert re.search(r"\d{1,2} de \w+ de 20\d\d", said)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_proof_in_the_letter_checks_with_the_public_key_that_it_prints(
    migrated_url: str, language: str
) -> None:
    async with a_scene(migrated_url) as scene:
        await disclosed(scene)
        made = await accounting.answer(scene.hub, await a_request(scene, language=language), "harbor")
        files = attached(made.pdf)
        assert sorted(files) == [f"{n:04}.tlog-proof" for n in range(1, 5)]
        keys = public_keys(scene.hub.ring)
        assert keys[0].encode() in text_of(made.pdf).replace(" ", "")
        for content in files.values():
            proof = Proof.parse(content.decode())
            proof.verify(keys)
            assert (proof.entry.kind, proof.entry.member) == ("disclosure.intended", scene.member)


async def test_what_is_not_signed_yet_is_listed_without_a_proof(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        made = await accounting.answer(scene.hub, await a_request(scene), "harbor")
        assert "not in the signed book yet" in text_of(made.pdf)
        assert attached(made.pdf) == {}


async def test_an_empty_accounting_says_so(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        made = await accounting.answer(scene.hub, await a_request(scene), "harbor")
        assert words("en").accounting["nothing"] in text_of(made.pdf)


async def test_an_emergency_is_told_as_one(migrated_url: str) -> None:
    async with a_county(migrated_url) as scene:
        stated = {"kind": "emergency_disclosure", "emergency": EMERGENCY}
        await disclose(scene, "emergency-room", "medications", purpose="treatment", **stated)
        await scene.dispatch_all()
        said = text_of((await accounting.answer(scene.hub, await a_request(scene), "harbor")).pdf)
        assert words("en").accounting["emergency"] in said
        assert "overdose" not in said, "what happened stands in the record, not on the list"


async def test_a_letter_is_the_answer_to_a_request_of_that_organization_only(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        complaint = await opened(scene, "complaint", received_at=at(scene), what="x")
        for matter, organization in ((await a_request(scene), "lantern"), (complaint, "harbor"), ("none", None)):
            with pytest.raises(NotAvailable):
                await accounting.answer(scene.hub, matter, organization)


async def test_the_extension_letter_gives_reason_and_date(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        matter = await a_request(scene)
        with pytest.raises(NotAvailable):
            await accounting.extension(scene.hub, matter, "harbor")
        await do(scene, matter, "extend", reason="Old papers are stored in another county.")
        said = text_of((await accounting.extension(scene.hub, matter, "harbor")).pdf)
        assert "The reason: Old papers are stored in another county." in said
        assert re.search(r"by [A-Z][a-z]+ \d{1,2}, 20\d\d\.", said)


async def notice(scene: Scene, matter: str, member: str, language: Any) -> accounting.Made:
    return await breach.notice(scene.hub, await breach.read(scene.hub, matter, "harbor"), member, language)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_breach_letter_has_every_part_that_the_law_asks(migrated_url: str, language: Any) -> None:
    async with a_scene(migrated_url) as scene:
        given = {"discovered_at": at(scene, 1), "happened_at": at(scene, 4), "what": "A fax went astray"}
        matter = await opened(scene, "breach", members=[scene.member], **given)
        with pytest.raises(Conflict):
            await notice(scene, matter, scene.member, language)
        other = "es" if language == "en" else "en"
        await do(scene, matter, "notice", language=other, **NOTICES[other])
        with pytest.raises(Conflict):
            await notice(scene, matter, scene.member, language)
        await do(scene, matter, "notice", language=language, **NOTICES[language])
        said = text_of((await notice(scene, matter, scene.member, language)).pdf)
        for part in (*NOTICES[language].values(), words(language).breach["opening"]):
            assert part in said, part
        for member in ("nobody", ""):
            with pytest.raises(NotAvailable):
                await notice(scene, matter, member, language)


async def test_a_name_beyond_latin_letters_is_spelled_right(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        facts = MemberFacts(given="Nguyễn", family="Łucja", born=BORN, address="12 Oak St, Santa Rosa, CA 95401")
        scene.member = await members.register(scene.hub, facts, [("harbor", "program")], by="harbor")
        said = text_of((await accounting.answer(scene.hub, await a_request(scene), "harbor")).pdf)
        assert "Dear Nguyễn Łucja," in said
        assert "12 Oak St Santa Rosa, CA 95401" in said


async def test_title_and_file_names_say_nothing_about_a_person(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await disclosed(scene)
        made = await accounting.answer(scene.hub, await a_request(scene), "harbor")
        document = pypdfium2.PdfDocument(made.pdf)
        metadata = repr(document.get_metadata_dict()) + repr(list(attached(made.pdf)))
        document.close()
        assert all(secret not in metadata for secret in (*NAME, CIN, "Harbor"))


def test_both_languages_say_the_same_things() -> None:
    def keys(found: Any, at: str = "") -> set[str]:
        if not isinstance(found, dict):
            return {at}
        return {each for name, value in found.items() for each in keys(value, f"{at}.{name}")}

    def marks(found: Any) -> list[list[str]]:
        texts = re.split("\n", msgspec.json.encode(found).decode())
        return [sorted(re.findall(r"{(\w+)}", text)) for text in texts]

    english, spanish = (msgspec.to_builtins(words(language)) for language in LANGUAGES)
    assert keys(english) == keys(spanish)
    assert {m for part in marks(english) for m in part} == {m for part in marks(spanish) for m in part}


async def test_a_letter_is_kept_as_it_went_out_and_bound_to_its_matter_by_its_digest(migrated_url: str) -> None:
    from hub.compliance import requests
    from hub.compliance.matters import Act

    async with a_scene(migrated_url) as scene:
        matter = await a_request(scene)
        made = await accounting.answer(scene.hub, matter, "harbor")
        with pytest.raises(NotAvailable):
            await requests.as_sent(scene.hub, matter, "harbor")
        await requests.answered(scene.hub, matter, made.pdf, Act("", "Mailed", "harbor/p", "harbor"))
        scene.hub.clock.ahead += 30 * 86_400_000_000
        assert await requests.as_sent(scene.hub, matter, "harbor") == made.pdf
        with pytest.raises(NotAvailable):
            await requests.as_sent(scene.hub, matter, "lantern")
        assert [each["what"] for each in await stored.history(scene.hub, matter)] == ["opened", "closed"]
        assert (await matters.read(scene.hub, matter, None))["facts"]["letter"] == made.digest

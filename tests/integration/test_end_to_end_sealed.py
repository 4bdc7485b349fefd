"""The end-to-end mode: the sender seals to the recipient, the hub decides on the label, delivers, and cannot read."""

import hashlib
from typing import Any

import msgspec
import pytest
from nacl.public import PrivateKey

from hub import exchange
from hub.__main__ import main
from hub.crypto.sealed_item import MEDIA_TYPE, VERSION, Plain, open_item, seal_item
from hub.errors import Malformed
from hub.intake import read_manifest
from hub.manifest import Handed
from hub.storage.tables import Decision, Outbox
from tests.scenes import FORM, Scene, a_scene

KEYS = {name: PrivateKey.generate() for name in ("lantern", "valley-clinic")}
SECRET = b"Relapsed on Friday, asked for a bed"


def sealed(recipient: str, information: str = "assessment") -> bytes:
    plain = Plain(
        version=VERSION, recipient=recipient, information=information, sender="harbor", title="Assessment",
        media_type="text/plain", content=SECRET,
    )  # fmt: skip
    return seal_item(plain, bytes(KEYS[recipient].public_key))


def packet(member: str, items: dict[str, tuple[str | None, str, bytes]], recipients: tuple[str, ...]) -> Handed:
    manifest = {
        "kind": "referral_packet",
        "member": {"id": member},
        "purpose": "treatment",
        "recipients": [{"organization": each} for each in recipients],
        "items": [
            {"document": name, "title": "Sealed", "information": information, "only_for": only_for}
            for name, (only_for, information, _) in items.items()
        ],
    }
    raw = msgspec.json.encode(manifest)
    documents = {name: content for name, (_, _, content) in items.items()}
    return Handed(
        sender="harbor", key="k", manifest=read_manifest(raw), documents=documents,
        body_digest=hashlib.sha256(raw).digest(),
    )  # fmt: skip


async def sent(scene: Scene, handed: Handed) -> dict[str, Any]:
    await exchange.submit(scene.hub, handed)
    await scene.dispatch_all()
    return {p.parcel.recipient.id: p.parcel for p in scene.channel.received}


async def test_each_recipient_gets_its_own_item_reads_it_and_the_notice_goes_with_it(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        items: dict[str, tuple[str | None, str, bytes]] = {
            "a": ("lantern", "assessment", sealed("lantern")),
            "b": ("valley-clinic", "assessment", sealed("valley-clinic")),
        }
        got = await sent(scene, packet(scene.member, items, ("lantern", "valley-clinic")))
        for recipient, item in (("lantern", "item-1"), ("valley-clinic", "item-2")):
            (document,) = got[recipient].documents
            assert (document.id, document.media_type) == (item, MEDIA_TYPE)
            assert open_item(document.content, bytes(KEYS[recipient])).plain.content == SECRET
            assert got[recipient].accompaniment.notice
            assert got[recipient].accompaniment.consent_copies


async def test_consent_is_enforced_on_the_label_that_the_hub_cannot_look_behind(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent(msgspec.structs.replace(FORM, information=("assessment",)))
        items: dict[str, tuple[str | None, str, bytes]] = {
            "a": ("lantern", "assessment", sealed("lantern")),
            "b": ("lantern", "counseling_notes", sealed("lantern", "counseling_notes")),
        }
        got = await sent(scene, packet(scene.member, items, ("lantern",)))
        assert [document.id for document in got["lantern"].documents] == ["item-1"]
        assert ("partial",) in await scene.rows(Decision.outcome)


async def test_an_item_is_offered_to_nobody_but_the_one_it_is_for(migrated_url: str) -> None:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        items: dict[str, tuple[str | None, str, bytes]] = {
            "a": ("lantern", "assessment", b"for Lantern alone"),
            "b": (None, "summary", b"for both"),
        }
        got = await sent(scene, packet(scene.member, items, ("lantern", "valley-clinic")))
        assert [document.id for document in got["lantern"].documents] == ["item-1", "item-2"]
        assert [document.id for document in got["valley-clinic"].documents] == ["item-2"]


@pytest.mark.parametrize(
    ("only_for", "information"),
    [("lantern", "summary"), ("valley-clinic", "assessment"), (None, "assessment")],
)
async def test_a_manifest_that_says_other_than_the_item_is_refused_and_nothing_is_taken(
    migrated_url: str, only_for: str | None, information: str
) -> None:
    async with a_scene(migrated_url) as scene:
        items = {"a": (only_for, information, sealed("lantern")), "b": (None, "summary", b"for both")}
        with pytest.raises(Malformed):
            await exchange.submit(scene.hub, packet(scene.member, items, ("lantern", "valley-clinic")))
        assert await scene.rows(Outbox.id) == []


@pytest.mark.parametrize(("only_for", "recipients"), [("harbor", ("lantern",)), ("lantern", ("lantern", "sunrise"))])
def test_an_offer_to_nobody_and_a_recipient_without_an_offer_are_refused(
    only_for: str, recipients: tuple[str, ...]
) -> None:
    with pytest.raises(Malformed):
        packet("m", {"a": (only_for, "summary", b"text")}, recipients)


def test_the_clients_seal_and_open_what_the_hub_never_reads(tmp_path: Any, capsys: Any) -> None:
    document, item, out = tmp_path / "asam.txt", tmp_path / "asam.sealed", tmp_path / "read.txt"
    document.write_bytes(SECRET)
    assert main(["seal", "--new-key", str(tmp_path / "lantern.key")]) == 0
    public = capsys.readouterr().out.strip()
    assert main(["seal", "--new-signing-key", str(tmp_path / "harbor.key")]) == 0
    signer = capsys.readouterr().out.strip()
    words = ["--for", "lantern", "--key", public, "--from", "harbor", "--information", "assessment"]
    words += ["--title", "ASAM assessment", "--sign", str(tmp_path / "harbor.key"), "--out", str(item)]
    assert main(["seal", str(document), *words]) == 0
    assert SECRET not in item.read_bytes()
    key = ["--key-file", str(tmp_path / "lantern.key"), "--out", str(out)]
    assert main(["open", str(item), "--signed-by", signer, *key]) == 0
    assert out.read_bytes() == SECRET
    assert "signed by them" in capsys.readouterr().out
    assert main(["open", str(item), "--signed-by", public, *key]) == 1
    assert main(["open", str(document), *key]) == 2
    assert main(["seal", "--new-key", str(tmp_path / "lantern.key")]) == 3, "a key is never written over"


def test_any_byte_changed_is_one_line_and_no_document(tmp_path: Any, capsys: Any) -> None:
    """Through the command itself, here and there; cut there, too."""
    document, item, out = tmp_path / "a.txt", tmp_path / "a.sealed", tmp_path / "read.txt"
    document.write_bytes(SECRET)
    for kind in ("key", "signing-key"):
        main(["seal", f"--new-{kind}", str(tmp_path / kind)])
    public, signer = capsys.readouterr().out.split()
    words = ["--for", "lantern", "--key", public, "--from", "harbor", "--information", "assessment", "--title", "A"]
    main(["seal", str(document), *words, "--sign", str(tmp_path / "signing-key"), "--out", str(item)])
    capsys.readouterr()
    whole = item.read_bytes()
    places = (*range(0, 130, 7), *range(130, len(whole), 400))
    changed = [bytes((*whole[:at], whole[at] ^ 1, *whole[at + 1 :])) for at in places]
    for each in (*changed, *(whole[:at] for at in places)):
        item.write_bytes(each)
        status = main(
            ["open", str(item), "--signed-by", signer, "--key-file", str(tmp_path / "key"), "--out", str(out)]
        )
        told = capsys.readouterr()
        assert (status in (1, 2), told.out, told.err.count("\n"), "Traceback" in told.err) == (True, "", 1, False)
        assert not out.exists()

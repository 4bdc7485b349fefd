"""`part2hub direct`: what an operator types, and what test messages get as a verdict."""

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from sqlmodel import select

from adapters.email.layers import signed
from adapters.email.reasons import REASONS
from hub.__main__ import main
from hub.bootstrap.opening import open_hub
from hub.crypto.keyring import KeyRing
from hub.settings import read_settings
from hub.storage.tables import LedgerEntry
from tests.direct import MESSAGE, NOW, OUTER, Holder
from tests.hubs import OF_THIS_FORM
from tests.unit.adapters.email.opening import CLINIC, HUB, ROOT, around, mail, signed_entity
from tests.unit.adapters.email.test_revocation import crl

AT = ("--at", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    KeyRing.create(tmp_path / "data" / "keys.json")
    write(tmp_path, mail=mail(), ca=ROOT.pem, key=HUB.key_pem, pair=HUB.key_pem + HUB.pem, cert=HUB.pem)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **contents: bytes) -> None:
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def direct(capsys, *words: str) -> tuple[int, str, str]:
    status = main(["direct", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


KEYS = [("--key", "pair"), ("--key", "key"), ("--key", "key", "--cert", "cert")]


@pytest.mark.parametrize("key", KEYS, ids=["with certificate", "alone", "apart"])
def test_a_good_message_is_accepted_with_any_form_of_key(desk, capsys, key):
    assert direct(capsys, "check", "mail", *key, "--anchors", "ca", *AT) == (0, "accept\n", "")


def test_each_of_several_messages_is_named_and_one_refusal_is_told(desk, capsys):
    """As a shell hands over what a mailbox holds."""
    write(desk, other=b"no mail")
    words = ("--key", "pair", "--anchors", "ca", *AT)
    status, said, why = direct(capsys, "check", "mail", "other", "mail", *words)
    lines = said.splitlines()
    assert (status, lines[0], lines[2], len(lines)) == (1, "mail: accept", "mail: accept", 3)
    assert lines[1].startswith("other: refuse: ")
    assert why
    assert direct(capsys, "check", "mail", "mail", *words)[0] == 0
    assert direct(capsys, "check", "mail", "mail", *words, "--out", "content")[0] == 2
    _, told, _ = direct(capsys, "check", "mail", "other", *words, "--json")
    assert [json.loads(line)["file"] for line in told.splitlines()] == ["mail", "other"]


@pytest.mark.parametrize("password", ["secret", ""])
def test_a_key_comes_out_of_pkcs12_with_its_password(desk, capsys, password):
    encryption = BestAvailableEncryption(b"secret") if password else None
    store = pkcs12.serialize_key_and_certificates(
        b"hub", HUB.key, HUB.certificate, None, encryption or BestAvailableEncryption(b"secret")
    )
    write(desk, p12=store, pw=b"secret\n")
    found = direct(capsys, "check", "mail", "--key", "p12", "--password-file", "pw", "--anchors", "ca", *AT)
    assert found[:2] == (0, "accept\n")
    assert direct(capsys, "check", "mail", "--key", "p12", "--password", "other", "--anchors", "ca", *AT)[0] == 2


def test_each_refusal_is_one_line_with_its_words_beside(desk, capsys):
    write(desk, other=b"\x30\x03\x02\x01\x05", plain=MESSAGE, signed=OUTER.encode() + signed_entity())
    write(desk, list=crl(CLINIC, signer=ROOT), middle=around(MESSAGE))
    table = {
        ("mail", "--anchors", "ca"): "no-key",
        ("mail", "--key", "pair"): "no-anchors",
        ("mail", "--key", "pair", "--anchors", "cert"): "untrusted",
        ("mail", "--key", "pair", "--anchors", "ca", "--crl", "list"): "revoked",
        ("mail", "--key", "pair", "--anchors", "ca", "--at", "2030-01-01"): "expired",
        ("mail", "--key", "pair", "--anchors", "ca", "--at", "2020-01-01T00:00:00Z"): "not-yet-valid",
        ("other", "--key", "pair", "--anchors", "ca"): "unreadable",
        ("plain", "--anchors", "ca"): "not-signed",
        ("middle", "--key", "pair", "--anchors", "ca"): "not-signed",
        ("signed", "--anchors", "ca", "--require-encryption"): "not-encrypted",
    }
    for words, reason in table.items():
        instant = () if "--at" in words else AT
        assert direct(capsys, "check", *words, *instant) == (1, f"refuse: {reason}\n", f"{REASONS[reason]}\n"), words


def test_a_signed_message_is_verified_and_said_to_be_in_the_open(desk, capsys):
    write(desk, signed=OUTER.encode() + signed_entity())
    status, out, err = direct(capsys, "check", "signed", "--anchors", "ca", *AT)
    assert (status, out) == (0, "accept\n")
    assert "not encrypted" in err


def test_for_a_program_the_verdict_is_one_object(desk, capsys):
    _, out, _ = direct(capsys, "check", "mail", "--key", "pair", "--anchors", "ca", "--json", "--out", "content", *AT)
    verdict = json.loads(out)
    assert (verdict["verdict"], verdict["sender"], verdict["wrapped"]) == ("accept", "nurse@clinic.example", True)
    assert verdict["anchor"]["subject"] == "CN=Direct root"
    assert (desk / "content").read_bytes() == MESSAGE
    assert (desk / "content").stat().st_mode & 0o077 == 0
    _, out, _ = direct(capsys, "check", "mail", "--json", "--anchors", "ca", *AT)
    assert json.loads(out) == {"verdict": "refuse", "reason": "no-key", "words": REASONS["no-key"]}


def test_every_reason_is_listed(desk, capsys):
    _, out, _ = direct(capsys, "check", "--reasons")
    assert [line.split()[0] for line in out.splitlines()] == [*REASONS]


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "nowhere"),
        ("check", "mail", "--key", "ca"),
        ("check", "mail", "--anchors", "key"),
        ("check", "mail", "--crl", "ca"),
        ("check", "mail", "--at", "yesterday"),
        ("anchors", "add", "nowhere", "--by", "x"),
        ("anchors", "add", "key", "--by", "x"),
        ("anchors", "remove", "abc", "--by", "x"),
        ("bundles", "remove", "https://bundles.example/x", "--by", "x"),
        ("discover", "nobody"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_2(desk, capsys, words):
    status, out, err = direct(capsys, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1


def test_an_unknown_option_is_exit_2_too(desk, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["direct", "check", "mail", "--sideways"])
    assert ended.value.code == 2


def test_the_anchors_of_the_folder_count_for_their_domain_until_they_are_removed(desk, capsys):
    status, out, _ = direct(capsys, "anchors", "add", "ca", "--by", "m.ortiz", "--domain", "hub.example")
    assert (status, out.split()[1:3]) == (0, ["both", "hub.example"])
    check = ("check", "mail", "--key", "pair", "--domain", "hub.example", *AT)
    assert direct(capsys, *check)[:2] == (0, "accept\n")
    assert (
        direct(capsys, "check", "mail", "--key", "pair", "--domain", "other.example", *AT)[1] == "refuse: no-anchors\n"
    )
    listed = direct(capsys, "anchors", "list")[1]
    assert "m.ortiz" in listed
    assert "CN=Direct root" in listed
    assert json.loads(direct(capsys, "anchors", "list", "--json")[1])[0]["direction"] == "both"
    assert direct(capsys, "anchors", "remove", out.split()[0], "--by", "m.ortiz")[0] == 0
    assert direct(capsys, *check)[1] == "refuse: no-anchors\n"
    recorded = asyncio.run(changes())
    assert [(each["deed"], each["domain"], each["by"]) for _, each in recorded] == [
        ("added", "hub.example", "m.ortiz"),
        ("removed", "hub.example", "m.ortiz"),
    ]
    assert {digest for digest, _ in recorded} == {hashlib.sha256(ROOT.der).hexdigest()}


async def changes() -> list[tuple[str, dict[str, str]]]:
    """What the ledger says of whom is believed."""
    async with open_hub(read_settings(), channels=False) as hub:
        columns = (LedgerEntry.id, LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.body)
        rows = await hub.database.query(select(*columns).order_by(LedgerEntry.id))
    return [(digest, json.loads(body)) for _, kind, digest, body in rows if kind == "trust.changed"]


def test_nobody_is_believed_whom_the_ledger_cannot_name(desk, capsys):
    (desk / "data" / "keys.json").write_bytes(b"{}")
    assert direct(capsys, "anchors", "add", "ca", "--by", "m.ortiz")[0] != 0
    assert json.loads(direct(capsys, "anchors", "list", "--json")[1]) == []


def test_a_message_comes_in_by_standard_input(desk):
    command = [sys.executable, "-m", "hub", "direct", "check", "-", "--key", "pair", "--anchors", "ca", *AT]
    done = subprocess.run(
        command, cwd=desk, input=mail(), capture_output=True, check=False, env={"PYTHONPATH": OF_THIS_FORM}
    )
    assert (done.returncode, done.stdout) == (0, b"accept\n"), done.stderr


def test_help_says_what_leaves_and_what_it_costs(capsys):
    for words in ((), ("check",), ("anchors",), ("bundles",), ("discover",)):
        with pytest.raises(SystemExit) as ended:
            main(["direct", *words, "--help"])
        assert ended.value.code == 0
    assert "Exit codes" in capsys.readouterr().out


def test_a_bare_signature_file_with_its_content_is_read(desk, capsys):
    write(desk, bare=signed(MESSAGE, signer_of(CLINIC), 0))
    assert direct(capsys, "check", "bare", "--anchors", "ca", *AT)[1] == "accept\n"


def signer_of(holder: Holder):
    from adapters.email.cms.signer import Signer

    return Signer(holder.key, holder.certificate)

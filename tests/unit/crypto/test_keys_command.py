import argparse
import base64

import pytest

from hub.cli import keys
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.notes import Verifier
from hub.settings import read_settings


def command(*words):
    parser = argparse.ArgumentParser()
    keys.add_parser(parser.add_subparsers())
    args = parser.parse_args(["keys", *map(str, words)])
    return args.run(args)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no database stands
    return tmp_path / "ring.json"


def test_init_makes_a_private_key_ring_once(path, capsys):
    assert command("init", "--keys", path, "--origin", "hub.sonoma.example/ledger") == 0
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert command("init", "--keys", path) == 3
    assert path.read_bytes() == before
    assert capsys.readouterr().err.count("\n") == 1


def test_the_path_comes_from_the_environment(path, monkeypatch):
    monkeypatch.setenv("HUB_KEYS", str(path))
    assert command("init") == 0
    assert path.exists()


def test_the_first_key_ring_makes_the_hubs_folder_closed_to_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("init") == 0
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert read_settings({}).keys.exists()


def test_rotate_renews_encryption_and_ledger_keys_unless_told_which(path):
    command("init", "--keys", path)
    assert command("rotate", "--keys", path) == 0
    assert command("rotate", "--keys", path, "--only", "delivery", "--only", "ledger") == 0
    ring = KeyRing.load(path)
    held = {kind: len(ring.all_of(kind)) for kind in KeyKind}
    assert held == {
        KeyKind.ENCRYPTION: 2,
        KeyKind.IDENTIFIER: 1,
        KeyKind.TOKEN: 1,
        KeyKind.LEDGER: 3,
        KeyKind.DELIVERY: 2,
    }


def test_list_shows_every_key_and_no_secret(path, capsys):
    command("init", "--keys", path, "--origin", "hub.sonoma.example/ledger")
    command("rotate", "--keys", path)
    capsys.readouterr()
    assert command("list", "--keys", path) == 0
    shown = capsys.readouterr().out
    for key in KeyRing.load(path).keys:
        assert key.id in shown
        assert key.fingerprint in shown
        assert key.secret.hex() not in shown
        assert base64.b64encode(key.secret).decode() not in shown
    assert shown.count("retired") == 2


def test_list_shows_the_public_keys_an_auditor_needs(path, capsys):
    command("init", "--keys", path, "--origin", "hub.sonoma.example/ledger")
    capsys.readouterr()
    command("list", "--keys", path)
    verifier = Verifier.parse(capsys.readouterr().out.splitlines()[-1].strip())
    assert verifier.public == KeyRing.load(path).active(KeyKind.LEDGER).public


def test_a_new_delivery_key_can_be_given_to_partners_before_any_process_signs_with_it(path, capsys):
    command("init", "--keys", path)
    command("rotate", "--keys", path, "--only", "delivery")
    capsys.readouterr()
    command("list", "--keys", path)
    shown = capsys.readouterr().out
    for key in KeyRing.load(path).all_of(KeyKind.DELIVERY):
        assert f"  {key.id} {base64.urlsafe_b64encode(key.public).rstrip(b'=').decode()}\n" in shown


@pytest.mark.parametrize("action", ["list", "rotate"])
def test_a_missing_or_open_key_ring_is_refused_with_one_line_and_code_3(path, capsys, action):
    assert command(action, "--keys", path) == 3
    KeyRing.create(path)
    path.chmod(0o644)
    assert command(action, "--keys", path) == 3
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 2
    assert not captured.out


@pytest.mark.parametrize("words", [[], ["burn"], ["init", "--origin", "two words"], ["rotate", "--only", "identifier"]])
def test_a_command_that_is_not_understood_ends_with_code_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        command(*words)
    assert end.value.code == 2
    assert "Traceback" not in capsys.readouterr().err

"""The files that the operator's pages show are files that the hub takes, once paths and keys are filled in."""

import json
import re
from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.file.drop import DropIntake
from deploy.demo.authority import Identity, write_private
from hub.bootstrap import v2
from hub.bootstrap.channels import report_readers
from hub.bootstrap.fax_cloud import transport
from hub.bootstrap.intakes import intakes
from hub.bootstrap.smart import smart_tokens
from hub.crypto.keyring import KeyRing
from hub.settings import read_settings
from tests.architecture.tree import ROOT

OPERATOR = (ROOT / "deploy" / "OPERATOR.md").read_text()
CSV = (ROOT / "deploy" / "CSV.md").read_text()


def shown(page: str, language: str, first: str) -> str:
    """The one block of the page that begins so."""
    (block,) = [each for each in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL) if each.startswith(first)]
    return block


def test_the_file_of_peers_names_one_that_is_known_by_its_certificate(tmp_path: Path) -> None:
    file = tmp_path / "peers.yaml"
    file.write_text(shown(OPERATOR, "yaml", "peers:"))
    assert [(each.organization, each.certificate) for each in v2.peers(file)] == [("harbor", "ehr.harbor.example")]


def test_the_file_of_drops_names_a_folder_here_and_one_at_a_partner(tmp_path: Path) -> None:
    key, file, here = tmp_path / "sftp", tmp_path / "drops.yaml", tmp_path / "files"
    made = asyncssh.generate_private_key("ssh-ed25519")
    write_private(key, made.export_private_key())
    here.mkdir()
    text = shown(CSV, "yaml", "drops:").replace("/srv/drop/harbor/files", str(here))
    file.write_text(text.replace("ssh-ed25519 AAAA...", made.export_public_key().decode().strip()))
    settings = read_settings({"HUB_DROPS": str(file), "HUB_SFTP_KEY": str(key)})
    (intake,) = intakes(settings, KeyRing.generate())  # type: ignore[arg-type]  # nothing but files is wired
    assert isinstance(intake, DropIntake)


async def test_the_file_of_access_tokens_is_taken_with_a_key_of_the_curve_it_asks_for(tmp_path: Path) -> None:
    (text,) = re.findall(r'`(\{"key": "/etc/part2hub/smart.pem".*?\}\}\})`', OPERATOR)
    key, file = tmp_path / "smart.pem", tmp_path / "smart.json"
    write_private(key, Identity(ec.generate_private_key(ec.SECP384R1()), None).key_pem)  # type: ignore[arg-type]  # no certificate
    file.write_text(text.replace("/etc/part2hub/smart.pem", str(key)).replace('"https://..."', '"https://a.example/t"'))
    tokens = smart_tokens(file)
    assert await tokens.bearer("an endpoint that asks for none") is None
    await tokens.close()


@pytest.mark.parametrize("provider", ["telnyx", "sinch"])
def test_the_file_of_a_fax_provider_is_taken(tmp_path: Path, provider: str) -> None:
    text, at = shown(OPERATOR, "json", '{"provider"'), 0
    accounts = {}
    while at < len(text.strip()):
        account, at = json.JSONDecoder().raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        accounts[account["provider"]] = account
    file = tmp_path / "fax.json"
    filled = json.dumps(accounts[provider]).replace("BASE64", "A" * 43 + "=").replace('"PASSWORD"', f'"{"x" * 24}"')
    write_private(file, filled.encode())
    assert type(transport(file, None)).__name__.lower() == provider  # type: ignore[arg-type]  # nothing is sent
    assert list(report_readers(read_settings({"HUB_FAX_CLOUD": str(file)}))) == [provider]

"""Which fax transport and intake stand behind the settings, and what the operator is told when a file is wrong."""

import json

import pytest

from adapters.fax.cloud.inbox import SinchInbox, TelnyxInbox
from adapters.fax.cloud.sinch import Sinch
from adapters.fax.cloud.telnyx import Telnyx
from hub.bootstrap import fax_cloud
from hub.bootstrap.channels import channels, fax_server, report_readers
from hub.crypto.keyring import KeyRing
from hub.errors import ConfigurationError
from hub.model import ChannelKind
from hub.settings import read_settings

TELNYX = {
    "provider": "telnyx",
    "account": {"key": "KEY", "connection": "1", "sender": "+17075550100"},
    "report_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}
SINCH = {
    "provider": "sinch",
    "account": {"project": "p", "key": "k", "secret": "s", "sender": "+17075550100"},
    "report_user": "fax-reports",
    "report_password": "an invented password",
}


def written(tmp_path, content, mode=0o600):
    file = tmp_path / "fax.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    file.chmod(mode)
    return file


@pytest.mark.parametrize(("content", "transport", "inbox"), [(TELNYX, Telnyx, TelnyxInbox), (SINCH, Sinch, SinchInbox)])
def test_the_file_says_which_provider_sends_receives_and_reports(tmp_path, content, transport, inbox):
    file = written(tmp_path, content)

    assert isinstance(fax_cloud.transport(file, None), transport)
    assert isinstance(fax_cloud.inbox(file, None), inbox)
    settings = read_settings({"HUB_FAX_CLOUD": str(file)})
    assert list(report_readers(settings)) == [content["provider"]]


@pytest.mark.parametrize(
    ("folder", "faxes"), [({}, True), ({"HUB_FAX_SPOOL": "here"}, True), ({"HUB_FAX_SPOOL": ""}, False)]
)
def test_where_nobody_empties_a_folder_nothing_counts_as_faxed(folder, faxes):
    assert (ChannelKind.FAX in channels(read_settings(folder), KeyRing.generate(), None)) is faxes


def wired(file):
    return fax_cloud.readers(file), fax_cloud.transport(file, None)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (TELNYX, 0o644, "chmod 600"),
        ("no JSON", 0o600, "look at"),
        ({**TELNYX, "provider": "pigeon"}, 0o600, "provider"),
        ({**SINCH, "report_password": "short"}, 0o600, "16 letters"),
        ({**TELNYX, "report_key": "KEY"}, 0o600, "32 bytes"),
        ({**TELNYX, "account": {**TELNYX["account"], "base": "http://fax.example"}}, 0o600, "https"),
    ],
)
def test_a_file_that_is_open_or_wrong_is_named_without_its_secrets(tmp_path, content, mode, words):
    file = written(tmp_path, content, mode)

    with pytest.raises(ConfigurationError, match=words) as refusal:
        wired(file)
    assert "KEY" not in str(refusal.value)


def test_without_a_provider_nobody_reports():
    assert report_readers(read_settings({})) == {}


@pytest.mark.parametrize("url", ["http://hub@127.0.0.1", "hylafax://127.0.0.1:4559", "hylafax://"])
def test_an_address_that_is_no_hylafax_server_is_refused(url):
    with pytest.raises(ConfigurationError):
        fax_server(read_settings({"HUB_HYLAFAX_URL": url}))


def test_the_administrators_password_comes_from_a_closed_file(tmp_path):
    settings = {"HUB_HYLAFAX_URL": "hylafax://hub:a@127.0.0.1", "HUB_HYLAFAX_ADMIN_FILE": str(tmp_path / "admin")}
    (tmp_path / "admin").write_text("secret\n")
    (tmp_path / "admin").chmod(0o644)
    with pytest.raises(ConfigurationError):
        fax_server(read_settings(settings))
    (tmp_path / "admin").chmod(0o600)
    assert fax_server(read_settings(settings)).admin == "secret"

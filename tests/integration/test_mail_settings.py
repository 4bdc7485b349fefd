"""The mail relay's settings, from the environment to a real SMTP server that asks for a password over TLS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from deploy.demo import authority
from deploy.demo.mailserver import mailbox_from, server_tls
from hub import bootstrap
from hub.bootstrap.opening import open_hub
from hub.crypto.keyring import KeyRing
from hub.errors import ConfigurationError
from hub.model import ChannelKind, Delivered, Endpoint
from hub.settings import read_settings
from tests.contract.channel_parcel import sample_parcel

USER, PASSWORD = "relay-user", "correct horse battery"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    keys = tmp_path / "keys"
    authority.make(keys)
    KeyRing.create(tmp_path / "keys.json")
    authority.write_private(tmp_path / "password", f"{PASSWORD}\n".encode())
    values = {
        "HUB_DATA": tmp_path,
        "HUB_SMTP_HOST": "localhost",
        "HUB_SMTP_CA": keys / "ca.crt",
        "HUB_SMTP_FROM": "relay@hub.example",
        "HUB_SMTP_USER": USER,
        "HUB_SMTP_PASSWORD_FILE": tmp_path / "password",
        "HUB_SMIME_KEY": keys / "hub-mail.key",
        "HUB_SMIME_CERT": keys / "hub-mail.crt",
    }
    return {name: str(value) for name, value in values.items()}


@asynccontextmanager
async def relay(folder: Path, *, implicit: bool) -> AsyncIterator[tuple[int, list[str]]]:
    """A relay that takes mail only from whoever logged in; its port, and what it accepted."""
    mailbox, accepted = mailbox_from(folder / "keys", folder / "mail"), []
    tls = server_tls(folder / "keys" / "mail-tls.crt", folder / "keys" / "mail-tls.key")

    def check(_server: SMTP, _session: object, _envelope: object, _mechanism: str, given: LoginPassword) -> AuthResult:
        good = (given.login.decode(), given.password.decode()) == (USER, PASSWORD)
        accepted.extend([given.login.decode()] if good else [])
        return AuthResult(success=good, handled=False)

    def protocol() -> SMTP:
        starttls = None if implicit else tls
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=not implicit,
            auth_required=True,
            auth_require_tls=not implicit,  # with TLS from the first byte there is no STARTTLS to wait for
            authenticator=check,
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1], accepted
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # the server cannot see the TLS around it
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_the_relay_is_reached_over_tls_with_name_and_password(environment, tmp_path, tls):
    async with relay(tmp_path, implicit=tls == "implicit") as (port, accepted):
        settings = read_settings(environment | {"HUB_SMTP_TLS": tls, "HUB_SMTP_PORT": str(port)})
        bootstrap.migrate(settings)
        async with open_hub(settings) as hub:
            channel = hub.channels[ChannelKind.EMAIL]
            endpoint = Endpoint(
                id="e-1",
                organization="org-valley",
                channel=ChannelKind.EMAIL,
                address="intake@clinic.example",
                certificate=(tmp_path / "keys" / "clinic-mail.crt").read_bytes(),
            )
            outcome = await channel.deliver(await channel.prepare(sample_parcel(endpoint)))
        assert isinstance(outcome, Delivered)
        assert accepted == [USER]


def test_the_usual_port_follows_the_kind_of_tls():
    assert read_settings({}).relay.port == 587
    assert read_settings({"HUB_SMTP_TLS": "implicit"}).relay.port == 465


async def refusal(environment: dict[str, str]) -> str:
    settings = read_settings(environment)
    bootstrap.migrate(settings)
    with pytest.raises(ConfigurationError) as refused:
        async with open_hub(settings):
            pass
    return refused.value.message


def test_there_is_no_way_without_tls():
    with pytest.raises(ConfigurationError, match="HUB_SMTP_TLS"):
        read_settings({"HUB_SMTP_TLS": "none"})


async def test_a_relay_without_a_certificate_to_sign_with_is_refused(environment):
    assert "HUB_SMIME_KEY" in await refusal(environment | {"HUB_SMIME_KEY": ""})


async def test_a_name_without_a_password_is_refused(environment):
    assert "HUB_SMTP_PASSWORD_FILE" in await refusal(environment | {"HUB_SMTP_PASSWORD_FILE": ""})


@pytest.mark.parametrize("name", ["HUB_SMTP_PASSWORD_FILE", "HUB_SMIME_KEY"])
async def test_a_secret_that_other_users_may_read_is_refused_by_the_variables_name(environment, name):
    Path(environment[name]).chmod(0o640)
    assert name in await refusal(environment)


@pytest.mark.parametrize("name", ["HUB_SMTP_PASSWORD_FILE", "HUB_SMIME_CERT", "HUB_SMTP_CA"])
async def test_a_file_that_is_not_there_is_refused_by_the_variables_name(environment, name):
    assert name in await refusal(environment | {name: "nowhere.pem"})


@pytest.mark.parametrize("text", ["0", "2", "3601", "soon", "-5", "٥"])
def test_a_lease_is_some_seconds_to_an_hour(text):
    with pytest.raises(ConfigurationError, match="HUB_LEASE_S"):
        read_settings({"HUB_LEASE_S": text})

"""A setting that is wrong stops the start, in a line that names it."""

import pytest

from hub.__main__ import main
from hub.errors import ConfigurationError
from hub.settings import read_settings

WRONG = (
    ("HUB_DATABASE_URL", "mysql://county"),
    ("HUB_REDIS_URL", "localhost:6379"),
    ("HUB_LISTEN", "8080x"),
    ("HUB_LISTEN", "127.0.0.1:99999"),
    ("HUB_ATNA", "audit.county.example:65536"),
    ("HUB_PROBES", ":9464"),
    ("HUB_PROBES", "127.0.0.1"),
    ("HUB_DIRECT_DNS", "resolver"),
    ("HUB_SMTP_PORT", "smtp"),
    ("HUB_PUBLIC_URL", "http://hub.county.example"),
    ("HUB_ZONE", "Mars"),
    ("HUB_DEMO", "yes"),
    ("HUB_FAX_INBOUND", "true"),
    ("HUB_TELL_REVOCATIONS", "on"),
    ("HUB_DIRECT_LOOPBACK", "2"),
    ("HUB_BREAK_GLASS", "everybody"),
    ("HUB_BREAK_GLASS", "privacy@"),
    ("HUB_BREAK_GLASS_MINUTES", "0"),
    ("HUB_BREAK_GLASS_MINUTES", "481"),
    ("HUB_FREIGHT_MIB", "0"),
    ("HUB_FREIGHT_MIB", "64 MiB"),
    ("HUB_FREIGHT_MIB", "65537"),
    ("HUB_MAIL_LISTEN", "0.0.0.0:2424"),
    ("HUB_MAIL_LISTEN", "mailserver:2424"),
    ("HUB_MAIL_LISTEN", "127.0.0.1"),
    ("HUB_MAIL_PEERS", "postfix"),
    ("HUB_MAIL_PEERS", "0.0.0.0/0"),
    ("HUB_MAIL_PEERS", "172.28.5.10/32,8.8.8.8/32"),
)
SWITCHES = {
    "HUB_DEMO": lambda settings: settings.demo,
    "HUB_FAX_INBOUND": lambda settings: settings.fax.inbound,
    "HUB_DIRECT_LOOPBACK": lambda settings: settings.direct.loopback,
}


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_settings({name: value})


def test_a_switch_is_on_at_1_and_off_at_0_or_when_nobody_sets_it() -> None:
    for text, expected in (("1", True), ("0", False), ("", False)):
        settings = read_settings(dict.fromkeys(SWITCHES, text))
        assert [is_on(settings) for is_on in SWITCHES.values()] == [expected] * len(SWITCHES)


def test_who_may_break_the_glass_is_a_list_of_roles_with_or_without_an_organization() -> None:
    given = {"HUB_BREAK_GLASS": "privacy, staff@emergency-room", "HUB_BREAK_GLASS_MINUTES": "30"}
    glass = read_settings(given).glass
    assert (glass.who, glass.minutes) == ({("privacy", ""), ("staff", "emergency-room")}, 30)
    assert read_settings({"HUB_BREAK_GLASS": ""}).glass.who == frozenset()
    assert read_settings({}).glass.who == {(role, "") for role in ("compliance", "privacy", "administrator")}


def test_mail_is_taken_from_elsewhere_than_this_machine_only_where_the_peer_is_named() -> None:
    mail = read_settings({"HUB_MAIL_LISTEN": "0.0.0.0:2424", "HUB_MAIL_PEERS": "172.28.5.10/32, fd00::/64"}).mail
    assert mail.listen == ("0.0.0.0", 2424)
    assert [str(each) for each in mail.peers] == ["172.28.5.10/32", "fd00::/64"]
    here = read_settings({"HUB_MAIL_LISTEN": "[::1]:2424"}).mail
    assert here.listen == ("::1", 2424)
    assert [str(each) for each in here.peers] == ["127.0.0.0/8", "::1/128"]


MISTYPED = (
    ("HUB_DATABSE_URL", "HUB_DATABASE_URL"),
    ("HUB_COUNTYPACK", "HUB_COUNTY_PACK"),
    ("HUB_CHOICE", "HUB_CHOICES"),
    ("HUB_MLLP_PEER", "HUB_MLLP_PEERS"),
    ("HUB_TOKN", "HUB_TOKEN"),
)


@pytest.mark.parametrize(("mistyped", "meant"), MISTYPED)
def test_a_mistyped_variable_stops_the_start_and_the_line_names_the_one_that_was_meant(
    mistyped: str, meant: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings({mistyped: "postgresql://hub:secret@host/db", "HUB_DATA": "data"})
    assert refused.value.message == f"{mistyped} is no setting ({meant} is). All are in deploy/OPERATOR.md."


def test_a_variable_of_the_hubs_prefix_that_is_near_to_nothing_is_refused_too() -> None:
    with pytest.raises(ConfigurationError, match=r"^HUB_QQ is no setting, HUB_ZONES is no setting \(HUB_ZONE is\)\."):
        read_settings({"HUB_ZONES": "", "HUB_QQ": "", "HOME": "elsewhere", "HUBS": "2"})


@pytest.mark.parametrize("command", [["policy", "test", "tests/cases"], ["ask", "disclosed"], ["load", "county.yaml"]])
def test_no_command_runs_beside_a_mistyped_variable(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_CHOISES", "D1=permit")
    assert main(command) == 3
    said = f"part2hub {command[0]}: HUB_CHOISES is no setting (HUB_CHOICES is). All are in deploy/OPERATOR.md.\n"
    assert capsys.readouterr() == ("", said)

"""A browser's cookie says for whom it is known, to nobody but the hub."""

from hub.crypto.keyring import KeyRing
from hub.people import devices

RING, NOW = KeyRing.generate(), 1_790_000_000_000_000
ANA = "ana@desk.test"
COOKIE = devices.cookie(RING, ANA, NOW)
NOBODYS = devices.known(RING, ANA, "", NOW)


def test_it_is_known_for_its_address_however_that_is_spelled_until_its_end():
    assert devices.known(RING, " Ana@Desk.test", COOKIE, NOW).device
    end = NOW + devices.LIFE_S * 1_000_000
    assert devices.known(RING, ANA, COOKIE, end - 1_000_000).device
    assert devices.known(RING, ANA, COOKIE, end) == NOBODYS


def test_two_devices_of_one_address_are_counted_apart_and_apart_from_strangers():
    other = devices.cookie(RING, ANA, NOW)
    keys = {devices.known(RING, ANA, each, NOW).key for each in (COOKIE, other, "")}
    assert len(keys) == 3


def test_another_address_another_hub_and_an_altered_one_are_strangers():
    name, ends, seal = COOKIE.split(".")
    assert not devices.known(RING, "leo@desk.test", COOKIE, NOW).device
    assert not devices.known(KeyRing.generate(), ANA, COOKIE, NOW).device
    altered = (f"{name}.{int(ends) + 1}.{seal}", f"{name}0.{ends}.{seal}", f"{name}.{ends}", f"é.{'0' * 64}", "." * 400)
    assert {devices.known(RING, ANA, each, NOW) for each in altered} == {NOBODYS}


def test_the_address_is_not_in_it():
    assert "ana" not in COOKIE

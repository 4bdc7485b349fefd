"""Wires the intakes: which adapters listen or poll, from the settings. None is configured by default."""

from hub.crypto.keyring import KeyRing
from hub.ports import Intake
from hub.settings import Settings


def intakes(settings: Settings, _ring: KeyRing) -> tuple[Intake, ...]:
    """The intakes that are configured. Raises `ConfigurationError` naming what is missing or refused."""
    found: list[Intake] = []
    if settings.mllp.listen:
        from hub.bootstrap.v2 import listener  # noqa: PLC0415 - loaded when wired

        found.append(listener(settings))
    return tuple(found)

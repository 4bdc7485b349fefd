"""Wires the intakes: which adapters listen or poll, from the settings. None is configured by default."""

from hub.bootstrap.channels import fax_server
from hub.crypto.keyring import KeyRing
from hub.ports import Intake
from hub.settings import Settings


def intakes(settings: Settings, _ring: KeyRing) -> tuple[Intake, ...]:
    """The intakes that are configured. Raises `ConfigurationError` naming what is missing or refused."""
    found: list[Intake] = []
    if settings.mllp.listen:
        from hub.bootstrap.v2 import listener  # noqa: PLC0415 - loaded when wired

        found.append(listener(settings))
    if settings.fax_inbound:
        found.append(_faxes(settings))
    if settings.drops:
        from hub.bootstrap.files import drops  # noqa: PLC0415 - loaded when wired

        found.append(drops(settings))
    return tuple(found)


def _faxes(settings: Settings) -> Intake:
    from adapters.fax.inbox import HylaFaxInbox  # noqa: PLC0415 - loaded when wired
    from adapters.fax.intake import FaxIntake  # noqa: PLC0415 - loaded when wired

    return FaxIntake(HylaFaxInbox(fax_server(settings)), mark=settings.fax_mark)

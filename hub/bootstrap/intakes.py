"""Wires the intakes: which adapters listen or poll, from the settings. None is configured by default."""

from hub.bootstrap.channels import fax_server
from hub.context import Hub
from hub.ports import Intake
from hub.reports import TOPIC
from hub.settings import Settings


def intakes(settings: Settings, hub: Hub) -> tuple[Intake, ...]:
    """The intakes that are configured. Raises `ConfigurationError` naming what is missing or refused."""
    found: list[Intake] = []
    if settings.mllp.listen:
        from hub.bootstrap.v2 import listener  # noqa: PLC0415 - loaded when wired

        found.append(listener(settings))
    if settings.fax.inbound:
        found.append(_faxes(settings, hub))
    if settings.mail.listen:
        from hub.bootstrap.mail_in import intake  # noqa: PLC0415 - loaded when wired

        found.append(intake(settings, hub, settings.mail.listen))
    if settings.drops:
        from hub.bootstrap.files import drops  # noqa: PLC0415 - loaded when wired

        found.append(drops(settings))
    return tuple(found)


def _faxes(settings: Settings, hub: Hub) -> Intake:
    from adapters.fax.inbox import HylaFaxInbox  # noqa: PLC0415 - loaded when wired
    from adapters.fax.intake import FaxIntake  # noqa: PLC0415 - loaded when wired

    if settings.fax.cloud is not None:
        from hub.bootstrap import fax_cloud  # noqa: PLC0415 - loaded when wired

        inbox = fax_cloud.inbox(settings.fax.cloud, hub.database)
        return FaxIntake(inbox, wait=lambda seconds: hub.signals.wait(TOPIC, seconds))
    return FaxIntake(HylaFaxInbox(fax_server(settings)), mark=settings.fax.mark)

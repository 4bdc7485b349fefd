"""The hub's own party (`HUB_OPERATOR`): its agreements with disclosers are part of every decision (§2.12(c)(4))."""

from hub.context import Hub
from hub.errors import ConfigurationError


async def check(hub: Hub) -> None:
    """The setting names an organization of the directory; one that is still empty says nothing yet.

    A name misspelt would find no agreement, and deny what it permits without a word of why. Raises
    `ConfigurationError`.
    """
    organizations = (await hub.directory.current()).organizations
    if hub.operator is not None and organizations and hub.operator not in organizations:
        raise ConfigurationError("HUB_OPERATOR names no organization of the directory.")

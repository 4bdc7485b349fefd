"""What the county settled once: the hub's legal role, its clocks, whether earlier recipients hear of a revocation."""

from typing import Literal, get_args

import msgspec

from hub.compliance.clocks import Clocks, published
from hub.model import Frozen

LegalRole = Literal["business_associate", "intermediary"]
LEGAL_ROLES: tuple[LegalRole, ...] = get_args(LegalRole)


class Duties(Frozen, frozen=True, kw_only=True):
    """`role`: a business associate and qualified service organization of its programs (§2.11), which owes no list of
    its own; or an intermediary, which does (§2.24).
    """

    role: LegalRole = "business_associate"
    clocks: Clocks = msgspec.field(default_factory=published)
    tells_earlier_recipients: bool = False
    """A revocation is passed on to those who received something under the consent; no paragraph asks for it."""
    sender_name: str = ""
    """The letterhead of the county's letters; empty: the name of the organization that answers."""

"""The API's description in OpenAPI 3.1: written by hand, the bodies of requests from the types that read them."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hub.compliance.deeds import DEEDS, EVERY, OPENED
from hub.entries import AgreementEntry
from hub.explanations import WhatIf
from hub.inquiries import Asking
from hub.manifest import Manifest
from hub.outside.manifest import OutsideManifest
from hub.storage.directory import Organization
from hub.storage.member_facts import MemberFacts
from hub.storage.restrictions import RestrictionForm
from hub.web.consents import Noting, Recording, Revoking
from hub.web.directory import ConfirmedNumber, TokenOrder, VerifiedEndpoint
from hub.web.glass import Breaking
from hub.web.inbound import Attaching, ClosingArrival, Matching
from hub.web.members import Ending, Registration
from hub.web.notices import Calling
from hub.web.outside import Retracting
from hub.web.webhooks import WebhookOrder
from hub.web.work import Assigning, Rerouting, Settling

_BODIES = (
    *(AgreementEntry, Asking, Assigning, Ending, Manifest, MemberFacts, Noting, Organization, Recording, Registration),
    *(Attaching, Breaking, Calling, ClosingArrival, ConfirmedNumber, Matching, WebhookOrder),
    *(OutsideManifest, Rerouting, RestrictionForm, Retracting, Revoking, Settling, TokenOrder, VerifiedEndpoint),
    WhatIf,
    *dict.fromkeys(kind.form for kind in OPENED.values()),
    *dict.fromkeys(deed.form for deeds in (EVERY, *DEEDS.values()) for deed in deeds.values()),
)
_AT = "#/components/schemas/{name}"


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8"))
    _, schemas = msgspec.json.schema_components(_BODIES, ref_template=_AT)
    # Through JSON, so that defaults are what a reader of the page will see.
    found["components"]["schemas"] |= msgspec.json.decode(msgspec.json.encode(schemas))
    return found


@cache
def document_json() -> bytes:
    """As it is served."""
    return msgspec.json.encode(document())

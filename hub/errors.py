"""Every error this project raises on purpose, and the stable code each one shows.

    HubError
    ├── Rejected            the caller can mend it: 4xx, exit 2, AE
    │   ├── Malformed       not what the format asks for
    │   ├── Unsupported     understood, but not something the hub handles
    │   ├── NotAcceptable   asked for in a form that the hub does not answer in
    │   ├── TooLarge        over a stated limit
    │   ├── Conflict        the same key, another body; a state that does not allow it
    │   ├── Outdated        the version it was made for is no longer the present one
    │   ├── Unauthorized    no or bad credentials
    │   ├── Forbidden       the role of the credentials does not reach this command
    │   ├── TooSlow         a body that did not arrive within its deadline
    │   ├── TooOften        more requests than the credentials may make
    │   └── NotAvailable    the neutral refusal: unknown, uncovered or not yours (§2.13(c)(2))
    ├── Unavailable         the hub cannot now: 503, retry later
    │   ├── Stale           a guard of the transaction no longer holds; decide again
    │   └── StorageFailed   the transaction did not commit
    ├── ConfigurationError  refuses to start
    ├── IntegrityFailed     a ciphertext, signature or ledger does not verify
    └── Unrenderable        a document cannot take the form a channel needs

Messages are fixed words chosen here or by the raiser, never input: input may name a patient.
"""

from typing import ClassVar


class HubError(Exception):
    """Base of all; `code` is stable and safe to show anywhere."""

    code: ClassVar[str] = "hub-error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail_code = code or self.code
        self.field = field


class Rejected(HubError):
    code = "rejected"
    status = 400


class Malformed(Rejected):
    code = "malformed"
    status = 400


class Unsupported(Rejected):
    code = "unsupported"
    status = 415


class NotAcceptable(Rejected):
    code = "not-acceptable"
    status = 406


class TooLarge(Rejected):
    code = "too-large"
    status = 413


class Conflict(Rejected):
    code = "conflict"
    status = 409


class Outdated(Rejected):
    code = "outdated"
    status = 412


class Unauthorized(Rejected):
    code = "unauthorized"
    status = 401


class Forbidden(Rejected):
    code = "forbidden"
    status = 403


class TooSlow(Rejected):
    code = "too-slow"
    status = 408


class TooOften(Rejected):
    code = "too-often"
    status = 429


class NotAvailable(Rejected):
    """The one neutral refusal. It takes no words, so that no two can differ (§2.13(c)(2))."""

    # INVARIANT: no-existence-leak
    code = "not-available"
    status = 404

    def __init__(self) -> None:
        super().__init__("Nothing is available to you under this reference.")


class Unavailable(HubError):
    code = "unavailable"
    status = 503


class Stale(Unavailable):
    code = "stale"


class StorageFailed(Unavailable):
    code = "storage-failed"


class ConfigurationError(HubError):
    code = "configuration"


class IntegrityFailed(HubError):
    code = "integrity"


class Unrenderable(HubError):
    code = "unrenderable"
    status = 422

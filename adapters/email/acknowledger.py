"""Notices to the senders of mail, signed and sealed like any mail of ours; see `hub.ports.Acknowledger`."""

from collections.abc import Callable

from cryptography import x509

from adapters.email.certificates import require_usable
from adapters.email.channel import TrustSource, load_addressee
from adapters.email.cms.signer import Signer
from adapters.email.layers import sealed
from adapters.email.notices.build import About, addressing, disposition
from adapters.email.smtp import SmtpSessions
from hub.arrivals import Acknowledge
from hub.errors import IntegrityFailed, Unavailable, Unrenderable
from hub.model import Endpoint, Outcome, now_us

_NO_RETURN = ""
"""The empty return path: a notice that cannot be delivered must not be answered (RFC 8098 §3)."""


class MailAcknowledger:
    """`signer` is the hub's own; `authority` who issued the relay's TLS certificate. Closes `sessions` and `trust`."""

    def __init__(
        self,
        signer: Signer,
        sessions: SmtpSessions,
        *,
        authority: bytes | None = None,
        trust: TrustSource | None = None,
        now: Callable[[], int] = now_us,
    ) -> None:
        self._signer, self._sessions, self._authority = signer, sessions, authority
        self._trust, self._now = trust, now

    async def write(self, owed: Acknowledge, kind: str, notice: str, endpoint: Endpoint | None) -> bytes:
        """The sealed notice. Raises `Unrenderable`, `Unavailable`; see the port."""
        at = self._now()
        certificate = endpoint.certificate if endpoint and endpoint.certificate else owed.certificate
        addressee = load_addressee(certificate, owed.sender, endpoint.form if endpoint else "")
        domain = owed.recipient.rpartition("@")[2]
        try:
            require_usable(addressee.certificate, at)
            await self._vouch(addressee.certificate, owed, domain, at)
        except IntegrityFailed as error:
            if error.detail_code == "revocation-unknown":
                raise Unavailable(error.message, code=error.detail_code) from None
            raise Unrenderable(error.message, code=error.detail_code) from None
        about = About(owed.message_id, owed.sender, owed.recipient, f"{notice}@{domain}", at)
        return sealed(disposition(about, kind), addressing(about), self._signer, (addressee,), at)

    async def send(self, owed: Acknowledge, mail: bytes) -> Outcome:
        """Hands it to the relay."""
        return await self._sessions.hand_over(_NO_RETURN, owed.sender, mail, self._authority)

    async def close(self) -> None:
        """Ends the SMTP sessions, and what trust holds open."""
        await self._sessions.close()
        if self._trust is not None:
            await self._trust.close()

    async def _vouch(self, certificate: x509.Certificate, owed: Acknowledge, domain: str, at: int) -> None:
        trust = self._trust.trust(domain, "outgoing") if self._trust is not None else None
        if trust is not None and (trust.anchors or trust.required):
            await trust.vouch(certificate, owed.sender, at, signing=False)

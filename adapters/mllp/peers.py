"""Who may speak to the listener: what a client certificate proves, and what each partner's messages mean by it.

Rules kept: in TLS the certificate alone says who it is, never a field of the message; without TLS (loopback, where
nothing proves anything but the machine) it is MSH-4.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from cryptography import x509

from hub.model import Frozen


class Peer(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One partner, an entry of the file of peers."""

    organization: str
    certificate: str = ""
    """A DNS name in the client certificate's subjectAltName, or `sha256:` and the certificate's digest in hex."""
    facilities: tuple[str, ...] = ()
    """MSH-4 values it may send for; none: any."""
    authorities: tuple[str, ...] = ()
    """PID-3.4 values that stand for CINs here, besides the usual ones."""
    purpose: str = "operations"
    """The purpose of use of its notices."""
    recipients: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """By event (`admit`, `discharge`, `transfer`, `visit`): organizations that are told instead of the usual ones."""
    receivers: Mapping[str, str] = msgspec.field(default_factory=dict)
    """NPIs or names in MSH-6 or PRD, and the organization that each means: whom a referral is for."""


NOBODY = Peer(organization="")
"""A sender that nothing proves: what it sends is kept for a person."""


def by_certificate(peers: Sequence[Peer], certificate: bytes | None) -> Peer | None:
    """The peer that this client certificate (DER) proves; none without one, and for one that nobody knows."""
    if certificate is None:
        return None
    names = {f"sha256:{hashlib.sha256(certificate).hexdigest()}", *_dns_names(certificate)}
    return next((peer for peer in peers if peer.certificate.lower() in names), None)


def by_facility(peers: Sequence[Peer], facility: str) -> Peer | None:
    """The peer that sends for this facility."""
    return next((peer for peer in peers if facility and facility in peer.facilities), None)


def _dns_names(certificate: bytes) -> list[str]:
    try:
        found = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound):
        return []
    return [name.lower() for name in found.value.get_values_for_type(x509.DNSName)]

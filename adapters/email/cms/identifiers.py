"""Which certificate a SignerInfo or RecipientInfo means: issuer and serial number, or the subject's key identifier."""

from dataclasses import dataclass
from typing import Any

from asn1crypto import x509 as asn1_x509


@dataclass(frozen=True, slots=True)
class Meant:
    """Either `key_identifier`, or issuer (as RFC 5280 §7.1 compares names) and serial number."""

    issuer: str = ""
    serial: int = 0
    key_identifier: bytes | None = None

    @classmethod
    def by(cls, identifier: Any) -> "Meant":
        """From any of asn1crypto's identifier choices, read in full. Raises whatever its parser raises."""
        named = identifier.chosen
        if identifier.name == "issuer_and_serial_number":
            return cls(named["issuer"].hashable, named["serial_number"].native)
        inner = named["subject_key_identifier"] if identifier.name == "r_key_id" else named
        return cls(key_identifier=inner.native)

    def is_of(self, certificate: asn1_x509.Certificate) -> bool:
        """Whether this certificate is meant."""
        if self.key_identifier is not None:
            return bool(self.key_identifier == certificate.key_identifier)
        return bool(self.issuer == certificate.issuer.hashable and self.serial == certificate.serial_number)

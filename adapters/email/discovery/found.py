"""What discovery looks at: candidates, in the order in which they are tried, and what each source said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate as it was found. `seconds` is how long it may be remembered."""

    source: str
    certificate: x509.Certificate
    seconds: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one source or candidate: `code` is `ok`, `none`, `unreachable`, or a reason of `REASONS`."""

    source: str
    code: str
    certificate: x509.Certificate | None = None


@dataclass(frozen=True, slots=True)
class Discovered:
    """The certificates to encrypt to, all from one source (a partner may publish several), and the way to them."""

    certificates: tuple[x509.Certificate, ...]
    source: str
    findings: tuple[Finding, ...]


Now = Callable[[], int]


def certificates_from(contents: Sequence[bytes]) -> list[x509.Certificate]:
    """What parses among the contents; what does not is passed over, so that the next one is tried."""
    found = []
    for content in contents:
        try:
            found.append(x509.load_der_x509_certificate(content))
        except (ValueError, x509.InvalidVersion):
            continue
    return found

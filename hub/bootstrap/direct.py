"""Wires what `part2hub direct` works with: the trust folder, the guarded network, the reader of test messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from hub.bootstrap.trusted import Change, anchors_of, named, record, recorder
from hub.errors import Malformed, Unavailable
from hub.model import Frozen

if TYPE_CHECKING:
    from cryptography import x509

    from adapters.email.discovery.discover import Discovery
    from adapters.email.discovery.signers import PublishedSigners
    from adapters.email.fetch import Fetcher
    from adapters.email.trust.revocation import Revocation
    from adapters.email.trust.service import TrustService
    from adapters.email.trust.store import TrustFolder
    from hub.settings import Settings
    from hub.storage.database import Database


class Asked(Frozen, frozen=True, kw_only=True):
    """One message to check. `at` is microseconds; files are contents, read by the caller."""

    message: bytes
    keys: tuple[bytes, ...] = ()
    password: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    anchors: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    at: int
    revocation: str
    """`off`, `refuse` or `accept`: whether it is looked up, and what an answer that cannot be had means."""
    must_be_encrypted: bool = False
    folder_domain: str | None = None
    """With no `anchors`: the domain of ours whose anchors of the trust folder count."""


def trust_folder(settings: "Settings") -> "TrustFolder":
    """The folder of anchors and bundles."""
    from adapters.email.trust.store import TrustFolder  # noqa: PLC0415 - loaded when wired

    return TrustFolder(settings.direct.trust)


@asynccontextmanager
async def trust_service(settings: "Settings", database: "Database | None" = None) -> "AsyncIterator[TrustService]":
    """Trust with the network behind it, closed at the end."""
    service = make_trust_service(settings, database)
    try:
        yield service
    finally:
        await service.close()


def published_signers(settings: "Settings") -> "PublishedSigners":
    """Where the certificate of a signer is found that a mail leaves out; its libraries are loaded by the first such."""
    from adapters.email.discovery.signers import PublishedSigners  # noqa: PLC0415 - loaded when wired
    from adapters.guard import Guard  # noqa: PLC0415

    def discovery() -> "Discovery":
        from adapters.email.discovery.wiring import make_discovery  # noqa: PLC0415 - loaded when wanted

        return make_discovery(Guard(loopback=settings.direct.loopback), settings.direct.dns)

    return PublishedSigners(discovery)


def make_trust_service(
    settings: "Settings", database: "Database | None" = None, signers: "PublishedSigners | None" = None
) -> "TrustService":
    """Trust with the network behind it; whoever made it closes it.

    Renewals stand on the ledger of the database; without one nothing is renewed: a check at the command line.
    """
    from adapters.email.fetch import Fetcher  # noqa: PLC0415 - loaded when wired
    from adapters.email.trust.service import TrustService  # noqa: PLC0415
    from adapters.guard import Guard  # noqa: PLC0415

    fetcher = Fetcher(Guard(loopback=settings.direct.loopback))
    folder = trust_folder(settings)
    if database is None:
        return TrustService(folder, fetcher, settings.direct.revocation, renews=False)
    return TrustService(folder, fetcher, settings.direct.revocation, record=recorder(database), signers=signers)


def reasons() -> dict[str, str]:
    """Every reason for a refusal, with its words."""
    from adapters.email.reasons import REASONS  # noqa: PLC0415 - loaded when asked

    return REASONS


async def check(asked: Asked, settings: "Settings") -> tuple[dict[str, Any], bytes]:
    """The verdict on a message, and its content if it is accepted. Raises `Malformed` for a key or anchor file."""
    from adapters.email.check import read_certificates, read_keys, report  # noqa: PLC0415 - loaded when asked
    from adapters.email.fetch import Fetcher  # noqa: PLC0415
    from adapters.email.open import Opened, open_message  # noqa: PLC0415
    from adapters.email.trust.issuers import FetchedIssuers  # noqa: PLC0415
    from adapters.email.trust.trust import Trust  # noqa: PLC0415
    from adapters.guard import Guard  # noqa: PLC0415

    certificates = [each for content in asked.certificates for each in read_certificates(content)]
    keys = [key for content in asked.keys for key in read_keys(content, asked.password, certificates)]
    anchors = tuple(each for content in asked.anchors for each in read_certificates(content))
    if not asked.anchors and asked.folder_domain is not None:
        anchors = trust_folder(settings).anchors(asked.folder_domain, "incoming")
    fetcher = Fetcher(Guard(loopback=settings.direct.loopback))
    signers = published_signers(settings) if asked.revocation != "off" else None
    trust = Trust(
        anchors,
        (*(each for content in asked.intermediates for each in read_certificates(content)), *certificates),
        sources=FetchedIssuers(fetcher) if asked.revocation != "off" else None,
        revocation=_revocation(asked, fetcher),
        signers=signers,
    )
    try:
        found = await open_message(asked.message, keys, trust, asked.at, must_be_encrypted=asked.must_be_encrypted)
    finally:
        await fetcher.close()
        if signers is not None:
            await signers.close()
    return report(found), found.message if isinstance(found, Opened) else b""


def _revocation(asked: Asked, fetcher: "Fetcher") -> "Revocation | None":
    from adapters.email.trust.crl import read_crl  # noqa: PLC0415 - loaded when asked
    from adapters.email.trust.revocation import Revocation  # noqa: PLC0415

    try:
        crls = [read_crl(content) for content in asked.crls]
    except ValueError:
        raise Malformed("A revocation list is neither DER nor PEM.") from None
    if asked.revocation == "off":
        return Revocation(None, "accept", crls) if crls else None
    return Revocation(fetcher, "accept" if asked.revocation == "accept" else "refuse", crls)


def certificates(content: bytes) -> "list[x509.Certificate]":
    """The certificates of a file. Raises `Malformed`."""
    from adapters.email.check import read_certificates  # noqa: PLC0415 - loaded when asked

    return read_certificates(content)


def fingerprint(certificate: "x509.Certificate") -> str:
    """The SHA-256 by which the trust folder names an anchor."""
    from adapters.email.trust.store import fingerprint as of  # noqa: PLC0415 - loaded when asked

    return of(certificate)


class BundleAsked(Frozen, frozen=True, kw_only=True):
    """A bundle to believe from now on."""

    url: str
    domain: str
    direction: Literal["incoming", "outgoing", "both"]
    signer: bytes | None
    refresh_hours: int
    by: str


async def add_bundle(asked: BundleAsked, settings: "Settings", database: "Database") -> int:
    """Fetches a bundle and adds it; how many anchors it has. Bundle and anchors are on the ledger before they count.

    Raises `Malformed`, `Unavailable`, `IntegrityFailed`.
    """
    from adapters.email.fetch import FetchFailed  # noqa: PLC0415 - loaded when asked
    from adapters.email.trust.store import Bundle, pem  # noqa: PLC0415

    bundle = Bundle(
        url=asked.url,
        domain=asked.domain.lower(),
        direction=asked.direction,
        signer=pem(certificates(asked.signer)[0]) if asked.signer else None,
        refresh_hours=asked.refresh_hours,
        added_at=datetime.now(UTC).isoformat(timespec="seconds"),
        added_by=asked.by,
    )
    async with trust_service(settings) as service:
        try:
            content = await service.fetched(bundle.url)
            anchors = anchors_of(service.folder.renewal(bundle, content), asked.by)
            whole = Change(
                digest=named(bundle.url), what="bundle", deed="added", domain=bundle.domain,
                direction=bundle.direction, by=asked.by,
            )  # fmt: skip
            await record(database, [whole, *anchors])
            return service.folder.add_bundle(bundle, content)
        except FetchFailed:
            raise Unavailable("The bundle cannot be fetched: it must be at a public https address.") from None
        except ValueError:
            raise Malformed("What is at this address is not a trust bundle.") from None


async def discover(address: str, domain: str, settings: "Settings") -> dict[str, Any]:
    """What each source had for an address, and the certificates that may be used. Raises `Malformed`."""
    from adapters.email.discovery.wiring import described, make_discovery  # noqa: PLC0415 - loaded when asked
    from adapters.guard import Guard  # noqa: PLC0415

    discovery = make_discovery(Guard(loopback=settings.direct.loopback), settings.direct.dns)
    with closing(discovery):
        async with trust_service(settings) as service:
            trust = service.trust(domain, "outgoing")
            return described(await discovery.discover(address, trust if trust.anchors or trust.required else None))

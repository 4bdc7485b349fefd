"""Revocation that really blocks: OCSP, CRLs, neither reached; against a real HTTP server on this machine."""

import datetime as dt
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.email.fetch import Fetcher
from adapters.email.reasons import NotAccepted
from adapters.email.trust.issuers import FetchedIssuers
from adapters.email.trust.revocation import Revocation
from adapters.email.trust.trust import Trust
from adapters.guard import Guard
from tests.direct import AT, DAY, NOW, authority, certificate

ROOT = authority()


class Authority:
    """An issuer's HTTP server: its CRL, its OCSP responder, its certificate."""

    def __init__(self):
        self.crl, self.ocsp, self.certificate, self.asked = b"", None, b"", []

    async def list(self, request):
        self.asked.append("crl")
        return web.Response(body=self.crl, status=200 if self.crl else 404)

    async def answer(self, request):
        self.asked.append("ocsp")
        if self.ocsp is None:
            return web.Response(status=500)
        return web.Response(body=self.ocsp(ocsp.load_der_ocsp_request(await request.read())))

    async def issuer(self, request):
        return web.Response(body=self.certificate)

    async def moved(self, request):
        raise web.HTTPFound("/ca.crl" if request.path == "/moved" else "/endless")

    @asynccontextmanager
    async def serving(self):
        app = web.Application()
        app.router.add_get("/ca.crl", self.list)
        app.router.add_post("/ocsp", self.answer)
        app.router.add_get("/ca.cer", self.issuer)
        app.router.add_get("/moved", self.moved)
        app.router.add_get("/endless", self.moved)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        fetcher = Fetcher(Guard(loopback=True))
        try:
            yield str(server.make_url("")).rstrip("/"), fetcher
        finally:
            await fetcher.close()
            await server.close()


def crl(*revoked, signer=ROOT, start=NOW - DAY, end=NOW + DAY, name=None, extra=None) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or signer.certificate.subject)
        .last_update(start)
        .next_update(end)
    )
    for holder in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number).revocation_date(start)
        builder = builder.add_revoked_certificate(entry.build())
    if extra:
        builder = builder.add_extension(extra, critical=True)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(leaf, status, signer=ROOT, delegate=None, start=NOW - DAY, end=NOW + DAY):
    def answer(_request):
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        by = delegate or signer
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=leaf.certificate,
            issuer=ROOT.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=start,
            next_update=end,
            revocation_time=start if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
        if delegate:
            builder = builder.certificates([delegate.certificate])
        return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)

    return answer


async def verdict(leaf, revocation, at=AT) -> str:
    try:
        await revocation.require_not_revoked((leaf.certificate, ROOT.certificate), at)
    except NotAccepted as error:
        return error.detail_code
    return "good"


async def test_a_certificate_that_names_no_source_has_nothing_to_look_up():
    assert await verdict(ROOT.issue("clinic.example"), Revocation(Fetcher(Guard()))) == "good"


@pytest.mark.parametrize("when_unknown", ["refuse", "accept"])
async def test_a_revocation_in_the_list_blocks_whatever_unknown_means(when_unknown):
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        good = ROOT.issue("clinic.example", crl=f"{url}/ca.crl")
        bad = ROOT.issue("clinic.example", crl=f"{url}/ca.crl")
        issuer.crl = crl(bad)
        revocation = Revocation(fetcher, when_unknown)
        assert await verdict(good, revocation) == "good"
        assert await verdict(bad, revocation) == "revoked"
        assert issuer.asked == ["crl"]  # one list, fetched once


SPOILED = {
    "none there": lambda bad: b"",
    "no list": lambda bad: b"hello",
    "expired": lambda bad: crl(start=NOW - 9 * DAY, end=NOW - DAY),
    "by a stranger": lambda bad: crl(signer=authority()),
    "of another name": lambda bad: crl(name=authority("other").certificate.subject),
    "by one who may not": lambda bad: crl(signer=certificate("Direct root", ca=True, uses=("key_cert_sign",))),
    "not complete": lambda bad: crl(extra=x509.DeltaCRLIndicator(1)),
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
async def test_a_list_that_does_not_count_is_no_list(spoiled):
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        leaf = ROOT.issue("clinic.example", crl=f"{url}/ca.crl")
        issuer.crl = spoiled(leaf)
        assert await verdict(leaf, Revocation(fetcher, "refuse")) == "revocation-unknown"
        assert await verdict(leaf, Revocation(fetcher, "accept")) == "good"


async def test_once_revoked_stays_revoked_when_the_list_can_no_longer_be_had():
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        leaf = ROOT.issue("clinic.example", crl=f"{url}/ca.crl")
        issuer.crl = crl(leaf)
        revocation = Revocation(fetcher, "accept")
        assert await verdict(leaf, revocation) == "revoked"
        issuer.crl = b""
        assert await verdict(leaf, revocation, AT + 7_200_000_000) == "revoked"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ocsp.OCSPCertStatus.GOOD, "good"),
        (ocsp.OCSPCertStatus.REVOKED, "revoked"),
        (ocsp.OCSPCertStatus.UNKNOWN, "revocation-unknown"),
    ],
)
@pytest.mark.parametrize("delegated", [False, True])
async def test_the_responder_is_believed(status, expected, delegated):
    issuer = Authority()
    delegate = ROOT.issue("responder", extended=(ExtendedKeyUsageOID.OCSP_SIGNING,)) if delegated else None
    async with issuer.serving() as (url, fetcher):
        leaf = ROOT.issue("clinic.example", ocsp=f"{url}/ocsp")
        issuer.ocsp = responder(leaf, status, delegate=delegate)
        assert await verdict(leaf, Revocation(fetcher)) == expected


FORGED = {
    "a stranger's": lambda leaf: responder(leaf, ocsp.OCSPCertStatus.GOOD, signer=authority()),
    "a member's": lambda leaf: responder(leaf, ocsp.OCSPCertStatus.GOOD, delegate=ROOT.issue("other.example")),
    "yesterday's": lambda leaf: responder(leaf, ocsp.OCSPCertStatus.GOOD, start=NOW - 9 * DAY, end=NOW - DAY),
    "another's": lambda leaf: responder(ROOT.issue("other.example"), ocsp.OCSPCertStatus.GOOD),
    "nonsense": lambda leaf: lambda _request: b"\x30\x03\x0a\x01\x00",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_an_answer_that_is_not_the_issuers_about_this_certificate_now_is_none(forged):
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        leaf = ROOT.issue("clinic.example", ocsp=f"{url}/ocsp")
        issuer.ocsp = forged(leaf)
        assert await verdict(leaf, Revocation(fetcher)) == "revocation-unknown"


async def test_where_the_responder_fails_the_list_is_asked():
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        leaf = ROOT.issue("clinic.example", ocsp=f"{url}/ocsp", crl=f"{url}/ca.crl")
        issuer.crl = crl(leaf)
        assert await verdict(leaf, Revocation(fetcher)) == "revoked"
        assert issuer.asked == ["ocsp", "crl"]


async def test_a_list_at_hand_counts_without_a_network():
    leaf = ROOT.issue("clinic.example")
    at_hand = x509.load_der_x509_crl(crl(leaf))
    assert await verdict(leaf, Revocation(None, "accept", [at_hand])) == "revoked"
    assert await verdict(ROOT.issue("clinic.example"), Revocation(None, "refuse", [at_hand])) == "good"


async def test_a_revoked_intermediate_spoils_the_chain():
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        middle = ROOT.issue("middle", ca=True, crl=f"{url}/ca.crl")
        leaf = middle.issue("clinic.example")
        issuer.crl = crl(middle)
        trust = Trust((ROOT.certificate,), (middle.certificate,), revocation=Revocation(fetcher))
        with pytest.raises(NotAccepted) as refusal:
            await trust.vouch(leaf.certificate, "a@clinic.example", AT, signing=True)
        assert refusal.value.detail_code == "revoked"


async def test_a_missing_issuer_is_fetched_where_the_certificate_says():
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        middle = ROOT.issue("middle", ca=True)
        leaf = middle.issue("clinic.example", aia=f"{url}/ca.cer")
        trust = Trust((ROOT.certificate,), sources=FetchedIssuers(fetcher))
        with pytest.raises(NotAccepted):
            await trust.vouch(leaf.certificate, "a@clinic.example", AT, signing=True)
        issuer.certificate = middle.der
        assert len(await trust.vouch(leaf.certificate, "a@clinic.example", AT, signing=True)) == 3


@pytest.mark.parametrize("path", ["/ca.crl", "/moved"])
async def test_a_redirect_is_followed_a_few_times(path):
    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        issuer.crl = crl()
        assert await fetcher.get(url + path) == issuer.crl


INSIDE = [
    "http://127.0.0.1/x",
    "http://10.0.0.1/x",
    "http://169.254.169.254/latest",
    "http://[::1]/x",
    "http://0x7f000001/",
]
INSIDE += [
    "http://2130706433/",
    "http://localhost/x",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "ftp://203.0.113.1/",
]
INSIDE += ["http://user@203.0.113.1/", "ldap://203.0.113.1/", "http:///x", "http://127.1/"]


@pytest.mark.parametrize("url", INSIDE)
async def test_a_certificate_cannot_send_us_into_the_inner_network(url):
    from adapters.email.fetch import FetchFailed

    fetcher = Fetcher(Guard())
    with pytest.raises(FetchFailed):
        await fetcher.get(url)
    await fetcher.close()


async def test_a_redirect_cannot_either():
    from adapters.email.fetch import FetchFailed

    issuer = Authority()
    async with issuer.serving() as (url, fetcher):
        with pytest.raises(FetchFailed):
            await fetcher.get(f"{url}/endless")
        with pytest.raises(FetchFailed):
            await fetcher.get(f"{url}/ca.crl", https_only=True)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:192.168.1.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:0a00:0001::", False),
        ("64:ff9b::8.8.8.8", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_public(address, allowed):
    assert Guard().allows(address) is allowed
    assert not Guard().allows("127.0.0.1")
    assert Guard(loopback=True).allows("127.0.0.1")
    assert not Guard(loopback=True).allows("10.0.0.1")


def test_dates_of_the_tests_are_in_utc():
    assert NOW.tzinfo is dt.UTC

"""The trust folder: per domain and direction, bundles with their last good content, removals that count at once."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from adapters.email.fetch import Fetcher, FetchFailed
from adapters.email.reasons import NotAccepted
from adapters.email.trust.bundle import anchors_in, certificates_in
from adapters.email.trust.service import TrustService
from adapters.email.trust.store import Bundle, TrustFolder, fingerprint
from adapters.guard import Guard
from deploy.demo.authority import Authority
from hub.errors import ConfigurationError, Conflict, StorageFailed
from tests.direct import AT, authority

STATE, COUNTY, OTHER = authority("state"), authority("county"), authority("other")
HOUR = 3_600_000_000


def p7b(*holders, encoding=Encoding.DER) -> bytes:
    return pkcs7.serialize_certificates([each.certificate for each in holders], encoding)


def signed_bundle(signer, *holders, enclosed=True) -> bytes:
    options = [pkcs7.PKCS7Options.Binary] + ([] if enclosed else [pkcs7.PKCS7Options.NoCerts])
    builder = pkcs7.PKCS7SignatureBuilder().set_data(p7b(*holders))
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    return builder.sign(Encoding.DER, options)


def bundle(url="https://localhost/b.p7b", **changes) -> Bundle:
    fields = {"domain": "*", "direction": "both", "signer": None, "refresh_hours": 24, "added_at": "", "added_by": "t"}
    return Bundle(**{"url": url, **fields, **changes})


def test_an_anchor_counts_for_its_domain_and_direction_alone(tmp_path):
    folder = TrustFolder(tmp_path / "direct")
    assert folder.anchors("hub.example", "incoming") == ()
    folder.add_anchor(STATE.certificate, "*", "incoming", "m.ortiz")
    folder.add_anchor(COUNTY.certificate, "Hub.Example", "both", "m.ortiz")
    assert folder.anchors("hub.example", "incoming") == (STATE.certificate, COUNTY.certificate)
    assert folder.anchors("HUB.example", "outgoing") == (COUNTY.certificate,)
    assert folder.anchors("other.example", "incoming") == (STATE.certificate,)
    assert folder.anchors("other.example", "outgoing") == ()


def test_a_removal_counts_at_once_in_every_process_that_reads_the_folder(tmp_path):
    writer, reader = TrustFolder(tmp_path), TrustFolder(tmp_path)
    for _ in range(20):  # within one tick of the file system's clock, too
        writer.add_anchor(STATE.certificate, "*", "both", "m.ortiz")
        assert reader.anchors("hub.example", "incoming") == (STATE.certificate,)
        assert [each.fingerprint for each in writer.remove_anchor(fingerprint(STATE.certificate)[:6])]
        assert reader.anchors("hub.example", "incoming") == ()


def test_too_few_digits_for_one_anchor_remove_none(tmp_path):
    folder = TrustFolder(tmp_path)
    folder.add_anchor(STATE.certificate, "*", "both", "m.ortiz")
    folder.add_anchor(COUNTY.certificate, "*", "both", "m.ortiz")
    with pytest.raises(Conflict):
        folder.remove_anchor("")
    assert len(folder.entries().anchors) == 2
    assert folder.remove_anchor("0" * 64) == ()


def test_an_anchor_added_again_has_the_later_direction(tmp_path):
    folder = TrustFolder(tmp_path)
    folder.add_anchor(STATE.certificate, "*", "both", "m.ortiz")
    folder.add_anchor(STATE.certificate, "*", "outgoing", "l.kim")
    (anchor,) = folder.entries().anchors
    assert (anchor.direction, anchor.added_by) == ("outgoing", "l.kim")


def test_the_removal_of_the_last_outgoing_anchor_leaves_nobody_to_write_to(tmp_path):
    service = TrustService(TrustFolder(tmp_path), Fetcher(Guard()))
    assert not service.trust("hub.example", "outgoing").required
    service.folder.add_anchor(STATE.certificate, "*", "incoming", "m.ortiz")
    assert not service.trust("hub.example", "outgoing").required
    service.folder.add_anchor(COUNTY.certificate, "*", "both", "m.ortiz")
    service.folder.remove_anchor(fingerprint(COUNTY.certificate))
    left = service.trust("hub.example", "outgoing")
    assert (left.anchors, left.required) == ((), True)


def test_a_damaged_trust_file_stops_rather_than_trusting_less_or_more(tmp_path):
    (tmp_path / "trust.json").write_text("{")
    with pytest.raises(ConfigurationError):
        TrustFolder(tmp_path).anchors("hub.example", "incoming")


@pytest.mark.parametrize(
    "content",
    [
        p7b(STATE, COUNTY),
        p7b(STATE, COUNTY, encoding=Encoding.PEM),
        STATE.pem + COUNTY.pem,
        signed_bundle(OTHER, STATE, COUNTY),
    ],
    ids=["p7b", "p7b PEM", "PEM", "signed p7m"],
)
def test_every_form_of_a_bundle_is_read(content):
    assert set(anchors_in(content, None)) == {STATE.certificate, COUNTY.certificate}


def test_one_certificate_in_der_is_one():
    assert certificates_in(STATE.der) == [STATE.certificate]


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x30\x03\x02\x01\x05", b"-----BEGIN PKCS7-----\n!\n-----END PKCS7-----"]
)
def test_what_is_no_bundle_says_so(content):
    with pytest.raises(ValueError):
        certificates_in(content)


@pytest.mark.parametrize("enclosed", [True, False])
def test_a_bundle_with_a_named_signer_must_be_signed_by_it(enclosed):
    content = signed_bundle(OTHER, STATE, enclosed=enclosed)
    assert anchors_in(content, OTHER.certificate) == [STATE.certificate]
    with pytest.raises(NotAccepted):
        anchors_in(content, COUNTY.certificate)
    with pytest.raises((NotAccepted, ValueError)):
        anchors_in(p7b(STATE), OTHER.certificate)
    info = cms.ContentInfo.load(content)
    info["content"]["encap_content_info"]["content"] = p7b(COUNTY)
    with pytest.raises(NotAccepted):
        anchors_in(info.dump(force=True), OTHER.certificate)


@asynccontextmanager
async def community(tmp_path: Path, served: dict[str, bytes]):
    """An https server that serves bundles, and the trust service that fetches them."""

    async def answer(request):
        content = served.get(request.path)
        return web.Response(body=content) if content is not None else web.Response(status=503)

    app = web.Application()
    app.router.add_get("/{name}", answer)
    server_authority = Authority()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*server_authority.server("127.0.0.1").write(tmp_path, "tls"))
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context)
    clock = [AT]
    fetcher = Fetcher(Guard(loopback=True), tls_ca=server_authority.pem)
    service = TrustService(TrustFolder(tmp_path / "trust"), fetcher, now=lambda: clock[0])
    try:
        yield f"https://127.0.0.1:{server.port}", service, clock
    finally:
        await service.close()
        await server.close()


async def test_a_renewal_replaces_the_anchors_and_a_failed_one_keeps_the_last_good(tmp_path):
    served = {"/b.p7b": p7b(STATE, COUNTY)}
    async with community(tmp_path, served) as (url, service, _):
        asked = bundle(f"{url}/b.p7b")
        assert service.folder.add_bundle(asked, await service.fetched(asked.url)) == 2
        for broken in (None, b"hello", p7b(STATE)[:-5]):
            served["/b.p7b"] = broken
            (refresh,) = await service.refresh(every=True)
            assert refresh.anchors is None
            assert service.folder.anchors("hub.example", "incoming") == (STATE.certificate, COUNTY.certificate)
        served["/b.p7b"] = p7b(COUNTY)
        (refresh,) = await service.refresh(every=True)
        assert refresh.anchors == 1
        assert service.folder.anchors("hub.example", "incoming") == (COUNTY.certificate,)
        assert service.folder.remove_bundle(asked.url)
        assert service.folder.anchors("hub.example", "incoming") == ()


async def test_a_bundle_that_is_due_renews_itself_when_trust_is_asked_for(tmp_path):
    served = {"/b.p7b": p7b(STATE)}
    async with community(tmp_path, served) as (url, service, clock):
        asked = bundle(f"{url}/b.p7b")
        service.folder.add_bundle(asked, await service.fetched(asked.url))
        clock[0] = service.folder.renewed_at(asked) + 23 * HOUR
        served["/b.p7b"] = p7b(COUNTY)
        assert service.trust("hub.example", "incoming").anchors == (STATE.certificate,)
        await asyncio.sleep(0)
        clock[0] += 2 * HOUR
        service.trust("hub.example", "incoming")
        await service.renewing()
        assert service.trust("hub.example", "incoming").anchors == (COUNTY.certificate,)


async def test_a_renewal_is_told_before_it_counts_and_what_cannot_be_told_does_not_count(tmp_path):
    served = {"/b.p7b": p7b(STATE)}
    async with community(tmp_path, served) as (url, service, _):
        told: list[tuple[tuple[str, ...], tuple[str, ...], object]] = []

        async def record(renewal):
            told.append((renewal.added, renewal.removed, service.folder.anchors("hub.example", "incoming")))
            if len(told) == 1:
                raise StorageFailed("The database is away.")

        asked = bundle(f"{url}/b.p7b")
        service.folder.add_bundle(asked, await service.fetched(asked.url))
        served["/b.p7b"] = p7b(COUNTY)
        recording = TrustService(service.folder, service._fetcher, record=record)
        assert [each.fault for each in await recording.refresh(every=True)] == ["not recorded"]
        assert service.folder.anchors("hub.example", "incoming") == (STATE.certificate,)
        for _ in range(2):
            assert [each.anchors for each in await recording.refresh(every=True)] == [1]
        change = ((fingerprint(COUNTY.certificate),), (fingerprint(STATE.certificate),), (STATE.certificate,))
        assert told == [change, change], "a renewal without news is none"


async def test_what_several_services_renew_at_once_is_told_once(tmp_path):
    served = {"/b.p7b": p7b(STATE)}
    async with community(tmp_path, served) as (url, service, _):
        told = []

        async def record(renewal):
            told.append(renewal.added)
            await asyncio.sleep(0.05)  # as a commit takes, with the others behind it

        asked = bundle(f"{url}/b.p7b")
        service.folder.add_bundle(asked, await service.fetched(asked.url))
        served["/b.p7b"] = p7b(COUNTY)
        folders = [TrustFolder(tmp_path / "trust") for _ in range(3)]
        services = [TrustService(folder, service._fetcher, record=record) for folder in folders]
        done = await asyncio.gather(*(each.refresh(every=True) for each in services))
        assert sorted(each.fault for (each,) in done).count("") >= 1
        assert told == [(fingerprint(COUNTY.certificate),)]
        assert {folder.anchors("hub.example", "incoming") for folder in folders} == {(COUNTY.certificate,)}


async def test_a_bundle_is_fetched_over_https_alone(tmp_path):
    async with community(tmp_path, {"/b.p7b": p7b(STATE)}) as (url, service, _):
        with pytest.raises(FetchFailed):
            await service.fetched(url.replace("https:", "http:") + "/b.p7b")

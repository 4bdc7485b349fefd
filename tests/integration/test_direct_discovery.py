"""Discovery of a partner's certificate against a name server and a private LDAP directory (slapd)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from adapters.email.discovery.discover import Discovery
from adapters.email.discovery.dns import DnsCertificates, name_of
from adapters.email.discovery.ldap import LdapCertificates
from adapters.email.discovery.signers import PublishedSigners
from adapters.email.intake.listener import MailLimits
from adapters.email.open import Opened, Refused, open_message
from adapters.email.reasons import NotAccepted
from adapters.email.trust.trust import RevocationSource, Trust
from adapters.guard import Guard
from hub.bootstrap.direct import discover
from hub.errors import Malformed
from hub.settings import read_settings
from tests import servers
from tests.conftest import missing
from tests.direct import AT, DAY, NOW, Holder, authority
from tests.nameserver import Zone, nameserver
from tests.unit.adapters.email.foreign import clear, enveloped, mail, signed_data, signer_info
from tests.unit.adapters.email.opening import HUB

ROOT = authority()
TRUST = Trust((ROOT.certificate,))
ADDRESS = "intake@clinic.example"
BY_ADDRESS = ROOT.issue(ADDRESS)
BY_DOMAIN = ROOT.issue("clinic.example")
IN_LDAP = ROOT.issue("desk@clinic.example")
ORG_IN_LDAP = ROOT.issue("clinic.example")
EXPIRED = ROOT.issue(ADDRESS, start=NOW - 9 * DAY, end=NOW - DAY)


def cert(holder: Holder) -> str:
    return f"PKIX 0 0 {base64.b64encode(holder.der).decode()}"


def entry(name: str, mail: str, *holders: Holder) -> str:
    certificates = "".join(f"userCertificate;binary:: {base64.b64encode(each.der).decode()}\n" for each in holders)
    head = f"dn: cn={name},dc=clinic,dc=example\nobjectClass: inetOrgPerson\ncn: {name}\nsn: x\nmail: {mail}\n"
    return f"{head}{certificates}\n"


@pytest.fixture(scope="module")
def directory() -> Iterator[int]:
    ldif = "dn: dc=clinic,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: Clinic\ndc: clinic\n\n"
    ldif += entry("desk", "desk@clinic.example", IN_LDAP) + entry("organization", "clinic.example", ORG_IN_LDAP)
    ldif += entry("nobody", "nobody@clinic.example") + entry("old", "old@clinic.example", EXPIRED)
    try:
        with servers.slapd("dc=clinic,dc=example", ldif) as port:
            yield port
    except servers.MissingServerError as error:
        missing(error)


class World:
    def __init__(self, zone: Zone, port: int, guard: Guard):
        self.zone, self.clock = zone, [AT]
        self.dns = DnsCertificates(guard, ("127.0.0.1", port))
        self.dns._resolver.lifetime = 1.0
        self.discovery = Discovery(self.dns, LdapCertificates(self.dns), now=lambda: self.clock[0])

    async def look(self, address=ADDRESS, trust=TRUST):
        return await self.discovery.discover(address, trust)


@asynccontextmanager
async def world(ldap_port: int | None = None, guard: Guard | None = None):
    zone = Zone()
    if ldap_port:
        zone.add("_ldap._tcp.clinic.example", "SRV", f"10 5 {ldap_port} ldap.clinic.example.")
        zone.add("ldap.clinic.example", "A", "127.0.0.1")
    async with nameserver(zone) as port:
        yield World(zone, port, guard or Guard(loopback=True))


def told(found) -> list[tuple[str, str]]:
    return [(each.source, each.code) for each in found.findings]


# The four places of the ONC discovery test tool, in their order


async def test_the_certificate_at_the_address_comes_first():
    async with world() as there:
        there.zone.add("intake.clinic.example", "CERT", cert(BY_ADDRESS))
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        found = await there.look()
        assert (found.source, found.certificates) == ("dns-address", (BY_ADDRESS.certificate,))


async def test_then_the_one_at_the_domain():
    async with world() as there:
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        found = await there.look()
        assert found.certificates == (BY_DOMAIN.certificate,)
        assert told(found) == [("dns-address", "none"), ("dns-domain", "ok")]


async def test_then_the_directorys_entry_for_the_address(directory):
    async with world(directory) as there:
        found = await there.look("desk@clinic.example")
        assert (found.source, found.certificates) == ("ldap-address", (IN_LDAP.certificate,))


async def test_then_the_directorys_entry_for_the_domain(directory):
    async with world(directory) as there:
        found = await there.look("somebody@clinic.example")
        assert (found.source, found.certificates) == ("ldap-domain", (ORG_IN_LDAP.certificate,))
        assert [code for _, code in told(found)] == ["none", "none", "none", "ok"]


# What is passed over


async def test_an_entry_without_or_with_an_expired_certificate_does_not_end_the_search(directory):
    async with world(directory) as there:
        for address, codes in (("nobody@clinic.example", "none"), ("old@clinic.example", "expired")):
            found = await there.look(address)
            assert told(found)[2:] == [("ldap-address", codes), ("ldap-domain", "ok")]


async def test_unusable_certificates_before_a_good_one_are_passed_over():
    async with world() as there:
        stranger = authority("stranger").issue(ADDRESS)
        for_another = ROOT.issue("desk@clinic.example")
        for each in (EXPIRED, stranger, for_another):
            there.zone.add("intake.clinic.example", "CERT", cert(each))
        there.zone.add("intake.clinic.example", "CERT", "PKIX 0 0 AAAA", "PGP 0 0 AAAA", cert(BY_ADDRESS))
        found = await there.look()
        assert found.certificates == (BY_ADDRESS.certificate,)
        assert sorted(code for _, code in told(found)) == ["expired", "ok", "untrusted", "wrong-address"]


async def test_only_unusable_ones_lead_on_to_the_next_source():
    async with world() as there:
        there.zone.add("intake.clinic.example", "CERT", cert(EXPIRED))
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        assert told(await there.look()) == [("dns-address", "expired"), ("dns-domain", "ok")]


async def test_every_certificate_of_a_source_is_used():
    async with world() as there:
        second = ROOT.issue(ADDRESS)
        there.zone.add("intake.clinic.example", "CERT", cert(BY_ADDRESS), cert(second))
        assert set((await there.look()).certificates) == {BY_ADDRESS.certificate, second.certificate}


async def test_without_anchors_a_certificate_must_still_be_valid_and_for_the_address():
    async with world() as there:
        there.zone.add("intake.clinic.example", "CERT", cert(EXPIRED), cert(authority("any").issue(ADDRESS)))
        found = await there.look(trust=None)
        assert sorted(code for _, code in told(found)) == ["expired", "ok"]


# What fails


async def test_a_source_that_could_not_be_asked_is_asked_again_after_a_minute():
    async with world() as there:
        name = "intake.clinic.example"
        there.zone.broken.add(name)
        await there.look()
        asked = there.zone.asked[name, "CERT", "udp"]
        assert told(await there.look())[0] == ("dns-address", "unreachable")
        assert there.zone.asked[name, "CERT", "udp"] == asked
        there.zone.broken.clear()
        there.zone.add(name, "CERT", cert(BY_ADDRESS))
        there.clock[0] += 61_000_000
        assert told(await there.look()) == [("dns-address", "ok")]


async def test_no_more_is_remembered_than_so_much_and_what_was_kept_longest_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr("adapters.email.discovery.discover._MOST_KEPT", 3)
    async with world() as there:
        addresses = [f"{name}@clinic.example" for name in "abcd"]
        for each in addresses:
            there.zone.add(name_of(each), "CERT", cert(ROOT.issue(each)))
        for each in addresses[:3]:
            await there.look(each)
        there.clock[0] += 301_000_000
        for name in "badbc":
            await there.look(f"{name}@clinic.example")
        assert [there.zone.asked[name_of(each), "CERT", "udp"] for each in addresses] == [2, 2, 2, 1]


async def test_what_was_asked_about_a_domain_is_not_asked_again_for_a_colleague():
    async with world() as there:
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        for name in ("nurse", "desk"):
            assert (await there.look(f"{name}@clinic.example")).certificates == (BY_DOMAIN.certificate,)
        assert there.zone.asked["clinic.example", "CERT", "udp"] == 1


@pytest.mark.parametrize("failure", ["silent", "broken"])
async def test_a_source_that_fails_never_stops_the_next(failure):
    async with world() as there:
        getattr(there.zone, failure).add("intake.clinic.example")
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        assert told(await there.look()) == [("dns-address", "unreachable"), ("dns-domain", "ok")]


async def test_a_directory_that_is_down_is_unreachable_and_the_next_server_is_asked(directory):
    async with world(directory) as there:
        there.zone.add("_ldap._tcp.clinic.example", "SRV", "1 1 1 ldap.clinic.example.")
        assert (await there.look("desk@clinic.example")).source == "ldap-address"
        down = Zone()
        down.add("_ldap._tcp.clinic.example", "SRV", "1 1 1 ldap.clinic.example.")
        down.add("ldap.clinic.example", "A", "127.0.0.1")
        there.zone.records = down.records
        found = await there.look("other@elsewhere.example")
        assert [code for _, code in told(found)] == ["none"] * 4


async def test_a_directory_inside_our_network_is_not_asked(directory):
    async with world(directory, Guard()) as there:
        found = await there.look("desk@clinic.example")
        assert found.certificates == ()
        assert told(found)[2:] == [("ldap-address", "unreachable"), ("ldap-domain", "unreachable")]


@asynccontextmanager
async def a_directory_that_says(first: bytes, then: bytes = b"") -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Its port, and whether it was left while it still spoke; `then` is said over and over."""
    was_left = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(first)
        try:
            while then:
                writer.write(then)
                await writer.drain()
                await asyncio.sleep(0.01 if len(then) == 1 else 0)
        except ConnectionError:
            was_left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], was_left


TWO_GIGABYTES = bytes.fromhex("30847fffffff")
"""An LDAP message of this length begins (BER)."""


@pytest.mark.parametrize(
    ("then", "seconds"), [(b"\x00", 0.3), (bytes(65_536), 3_600)], ids=["drips", "takes all the memory there is"]
)
async def test_a_directory_whose_answer_never_ends_is_left(monkeypatch, then, seconds):
    monkeypatch.setattr("adapters.email.discovery.ldap.WHOLE_SECONDS", seconds)
    async with a_directory_that_says(TWO_GIGABYTES, then) as (port, was_left), world(port) as there:
        assert told(await there.look())[2:] == [("ldap-address", "unreachable"), ("ldap-domain", "unreachable")]
        await was_left.wait()


@pytest.mark.parametrize("answer", ["3003020101", "3006020101610101"], ids=["nothing", "a length without content"])
async def test_a_directory_that_takes_the_parser_apart_is_one_that_could_not_be_asked(answer):
    async with a_directory_that_says(bytes.fromhex(answer)) as (port, _), world(port) as there:
        assert told(await there.look())[2:] == [("ldap-address", "unreachable"), ("ldap-domain", "unreachable")]


async def test_a_host_of_hundreds_of_addresses_is_asked_at_few():
    async with world() as there:
        there.zone.add("ldap.clinic.example", "A", *[f"127.0.1.{last}" for last in range(100)])
        assert len(await there.dns.addresses("ldap.clinic.example")) == 4


async def test_a_certificate_of_no_known_version_is_passed_over_for_the_next():
    version = BY_ADDRESS.der.index(bytes.fromhex("a003020102")) + 4
    strange = BY_ADDRESS.der[:version] + b"\x07" + BY_ADDRESS.der[version + 1 :]
    async with world() as there:
        record = f"PKIX 0 0 {base64.b64encode(strange).decode()}"
        there.zone.add("intake.clinic.example", "CERT", record, cert(BY_ADDRESS))
        assert (await there.look()).certificates == (BY_ADDRESS.certificate,)


async def test_a_truncated_answer_is_asked_for_again_over_tcp_and_an_alias_is_followed():
    async with world() as there:
        there.zone.large.add("intake.clinic.example")
        there.zone.add("intake.clinic.example", "CNAME", "host.example.")
        there.zone.add("host.example", "CERT", cert(BY_ADDRESS))
        assert (await there.look()).source == "dns-address"
        assert there.zone.asked["intake.clinic.example", "CERT", "tcp"] == 1


async def test_an_answer_is_remembered_for_as_long_as_it_says():
    async with world() as there:
        there.zone.add("intake.clinic.example", "CERT", cert(BY_ADDRESS))
        for _ in range(3):
            await there.look()
        assert there.zone.asked["intake.clinic.example", "CERT", "udp"] == 1
        there.clock[0] += 301_000_000
        await there.look()
        assert there.zone.asked["intake.clinic.example", "CERT", "udp"] == 2


async def test_trust_that_ends_counts_at_once_for_what_is_remembered():
    async with world() as there:
        there.zone.add("intake.clinic.example", "CERT", cert(BY_ADDRESS))
        assert (await there.look()).certificates
        assert not (await there.look(trust=Trust((authority("other").certificate,)))).certificates


@pytest.mark.parametrize("address", ["nobody", "a@b@c", "a b@clinic.example", "a)(mail=*@clinic.example", ""])
async def test_what_is_no_address_is_not_looked_for(address):
    async with world() as there:
        with pytest.raises(Malformed):
            await there.look(address)
        assert not there.zone.asked


async def test_the_address_cannot_widen_the_directorys_question(directory):
    async with world(directory) as there:
        assert (await there.look("*@clinic.example")).source == "ldap-domain"


def test_a_dot_stands_for_the_at_sign():
    assert name_of("Jane.Doe@Clinic.example") == "jane.doe.clinic.example"


async def test_the_operator_sees_what_each_source_had(monkeypatch, tmp_path):
    good = authority("any", start=NOW - 900 * DAY, end=NOW + 9000 * DAY).issue(ADDRESS, end=NOW + 8000 * DAY)
    zone = Zone()
    zone.add("intake.clinic.example", "CERT", cert(good))
    async with nameserver(zone) as port:
        monkeypatch.setenv("HUB_DATA", str(tmp_path))
        monkeypatch.setenv("HUB_DIRECT_DNS", f"127.0.0.1:{port}")
        found = await discover(ADDRESS, "*", read_settings())
    assert [each["words"] for each in found["findings"]] == ["found, and may be used"]
    assert "BEGIN CERTIFICATE" in found["certificates"][0]["pem"]
    assert json.dumps(found)


# A signer whose certificate the mail leaves out


def mail_without(signer: Holder) -> bytes:
    return mail(enveloped(clear(signed_data(signer_info(holder=signer), beside=()))))


async def read_with(there: World, raw: bytes, *, revocation: RevocationSource | None = None, seconds: float = 5.0):
    signers = PublishedSigners(lambda: there.discovery, seconds)
    trust = Trust((ROOT.certificate,), revocation=revocation, signers=signers)
    try:
        return await open_message(raw, [HUB.opening], trust, AT)
    finally:
        await signers.close()


async def test_a_signer_that_the_mail_leaves_out_is_found_in_dns():
    async with world() as there:
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        found = await read_with(there, mail_without(BY_DOMAIN))
        assert isinstance(found, Opened)
        assert (found.sender, found.signer) == ("nurse@clinic.example", BY_DOMAIN.certificate)


async def test_a_signer_that_the_mail_leaves_out_is_found_in_the_directory(directory):
    async with world(directory) as there:
        found = await read_with(there, mail_without(ORG_IN_LDAP))
        assert isinstance(found, Opened)
        assert found.signer == ORG_IN_LDAP.certificate


STRANGER = authority("stranger").issue("clinic.example")
ELSEWHERE = ROOT.issue("elsewhere.example")
OF_OTHER = ROOT.issue("other.example")
OLD = ROOT.issue("clinic.example", start=NOW - 9 * DAY, end=NOW - DAY)


@pytest.mark.parametrize("signer", [STRANGER, ELSEWHERE, OLD], ids=["untrusted", "another domain's", "expired"])
async def test_what_is_published_is_not_believed_for_being_published(signer):
    async with world() as there:
        there.zone.add("clinic.example", "CERT", cert(signer))
        found = await read_with(there, mail_without(signer))
        assert isinstance(found, Refused)
        assert found.code == "no-signer-certificate"


async def test_a_published_signer_that_was_revoked_is_not_believed():
    class Revoked:
        async def require_not_revoked(self, _path, _at) -> None:
            raise NotAccepted("revoked")

    async with world() as there:
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        found = await read_with(there, mail_without(BY_DOMAIN), revocation=Revoked())
        assert isinstance(found, Refused)
        assert found.code == "no-signer-certificate"


async def test_servers_that_never_answer_keep_few_waiting_and_not_for_long():
    async with world() as there:
        for n in range(5):
            there.zone.silent.update((f"n{n}.clinic{n // 2}.example", f"clinic{n // 2}.example"))
        signers = PublishedSigners(lambda: there.discovery, 0.3)
        addresses = [f"n{n}@clinic{n // 2}.example" for n in (0, 0, 1, 2, 3)]
        asked = [asyncio.ensure_future(signers.published(each, TRUST)) for each in addresses]
        await asyncio.sleep(0)
        assert await signers.published("n4@clinic2.example", TRUST) == ()
        assert not any(each.done() for each in asked)
        assert await asyncio.gather(*asked) == [()] * 5
        assert there.zone.asked["n0.clinic0.example", "CERT", "udp"] == 1
        assert there.zone.asked["n4.clinic2.example", "CERT", "udp"] == 0
        await signers.close()


async def published(there: World, address: str, seconds: float):
    signers = PublishedSigners(lambda: there.discovery, seconds)
    return await signers.published(address, TRUST)


async def test_a_domain_whose_servers_hang_leaves_room_for_the_signers_of_others():
    async with world() as there:
        there.zone.add("other.example", "CERT", cert(OF_OTHER))
        there.zone.silent.update(f"n{n}.clinic.example" for n in range(4))
        signers = PublishedSigners(lambda: there.discovery)
        hanging = [asyncio.ensure_future(signers.published(f"n{n}@clinic.example", TRUST)) for n in range(4)]
        await asyncio.sleep(0)
        assert await signers.published("nurse@other.example", TRUST) == (OF_OTHER.certificate,)
        await signers.close()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_an_address_whose_servers_hang_hides_nothing_of_a_colleagues():
    """It left its domain's source no time to answer, and the domain's certificate is a colleague's."""
    async with world() as there:
        there.zone.broken.add("n.clinic.example")
        there.zone.silent.add("clinic.example")
        there.dns._resolver.lifetime = 10.0
        assert await published(there, "n@clinic.example", 0.2) == ()
        there.zone.silent.clear()
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        assert await published(there, "nurse@clinic.example", 5.0) == (BY_DOMAIN.certificate,)


async def test_an_address_that_could_not_be_asked_for_in_time_is_passed_over_for_a_minute():
    """What else there is for it is found at the second try, which the first one's time was too short for."""
    async with world() as there:
        there.zone.silent.add("nurse.clinic.example")
        there.zone.add("clinic.example", "CERT", cert(BY_DOMAIN))
        there.dns._resolver.lifetime = 10.0
        assert await published(there, "nurse@clinic.example", 0.2) == ()
        assert await published(there, "nurse@clinic.example", 5.0) == (BY_DOMAIN.certificate,)


async def test_many_mails_of_one_address_whose_servers_hang_leave_the_listener_room_for_others():
    async with world() as there:
        there.zone.silent.update(("n.clinic.example", "clinic.example"))
        signers = PublishedSigners(lambda: there.discovery, 0.2)
        most = MailLimits().connections
        asked = [asyncio.ensure_future(signers.published("n@clinic.example", TRUST)) for _ in range(most)]
        told_at_once, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert len(told_at_once) == most // 2
        assert await asyncio.gather(*asked) == [()] * most
        await signers.close()


async def test_signers_who_are_looked_for_at_once_are_looked_for_in_one_place():
    async with world() as there:
        made = []

        def make():
            made.append(there.discovery)
            return there.discovery

        signers = PublishedSigners(make)
        await asyncio.gather(*(signers.published(f"n{n}@clinic.example", TRUST) for n in range(3)))
        await signers.close()
        assert len(made) == 1

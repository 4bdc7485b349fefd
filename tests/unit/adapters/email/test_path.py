"""Chains: what leads to an anchor, and which rule a chain may break."""

import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from adapters.email.cms.addressee import Addressee
from adapters.email.cms.signer import Signer
from adapters.email.layers import sealed
from adapters.email.open import Refused, open_message
from adapters.email.reasons import NotAccepted
from adapters.email.trust.path import find_path
from adapters.email.trust.trust import Trust
from tests.direct import AT, DAY, MESSAGE, NOW, OUTER, WEAK_RSA, Holder, authority

ROOT = authority()


def fault(leaf, issuers=(), anchors=(ROOT,), at=AT) -> str:
    with pytest.raises(NotAccepted) as refusal:
        path(leaf, issuers, anchors, at)
    return refusal.value.detail_code


def path(leaf, issuers=(), anchors=(ROOT,), at=AT):
    return find_path(leaf.certificate, [each.certificate for each in issuers], [a.certificate for a in anchors], at)


def test_a_chain_over_two_intermediates_in_any_order_leads_to_the_anchor():
    first = ROOT.issue("first", ca=True)
    second = first.issue("second", ca=True)
    leaf = second.issue("clinic.example")
    expected = tuple(each.certificate for each in (leaf, second, first, ROOT))
    assert path(leaf, (first, second)) == expected
    assert path(leaf, (second, first)) == expected
    assert fault(leaf, (second,)) == "untrusted"


def test_an_anchor_may_be_an_intermediate_or_the_certificate_itself():
    middle = ROOT.issue("middle", ca=True)
    leaf = middle.issue("clinic.example")
    assert path(leaf, anchors=(middle,)) == (leaf.certificate, middle.certificate)
    assert path(leaf, anchors=(leaf,)) == (leaf.certificate,)


def test_of_two_authorities_of_one_name_the_one_that_signed_is_found():
    impostor = authority()
    leaf = ROOT.issue("clinic.example")
    assert path(leaf, anchors=(impostor, ROOT))[-1] == ROOT.certificate


def test_a_good_chain_is_found_beside_an_expired_one():
    key = ROOT.issue("middle", ca=True).key
    old = ROOT.issue("middle", ca=True, key=key, end=NOW - DAY)
    new = ROOT.issue("middle", ca=True, key=key)
    leaf = new.issue("clinic.example")
    assert path(leaf, (old, new))[1] == new.certificate
    assert fault(leaf, (old,)) == "expired"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"end": NOW - DAY}, "expired"),
        ({"start": NOW + DAY}, "not-yet-valid"),
        ({"ca": False}, "bad-chain"),
        ({"ca": True, "basic": False}, "bad-chain"),
        ({"uses": ("digital_signature",)}, "bad-chain"),
        ({"key": WEAK_RSA}, "weak-key"),
        ({"extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]}, "bad-chain"),
    ],
    ids=[
        "expired",
        "too early",
        "no authority",
        "says nothing",
        "may not sign certificates",
        "weak",
        "unknown critical",
    ],
)
def test_an_intermediate_with_a_fault_spoils_the_chain(options, why):
    middle = ROOT.issue("middle", **{"ca": True, "sans": [], **options})
    assert fault(middle.issue("clinic.example"), (middle,)) == why


def test_a_leaf_cannot_issue_another():
    clinic = ROOT.issue("clinic.example")
    assert fault(clinic.issue("other.example"), (clinic,)) == "bad-chain"


def test_the_path_length_counts_the_authorities_below():
    narrow = authority(path_length=0)
    middle = narrow.issue("middle", ca=True)
    assert fault(middle.issue("clinic.example"), (middle,), (narrow,)) == "bad-chain"
    assert path(narrow.issue("clinic.example"), (), (narrow,))


def test_an_expired_anchor_vouches_for_nobody():
    old = authority(start=NOW - 9 * DAY, end=NOW - DAY)
    assert fault(old.issue("clinic.example"), (), (old,)) == "expired"


def names(*permitted, excluded=()):
    return x509.NameConstraints(permitted_subtrees=list(permitted) or None, excluded_subtrees=list(excluded) or None)


DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clinic.example")]))


@pytest.mark.parametrize(
    ("constraints", "leaf", "good"),
    [
        (names(x509.DNSName("clinic.example")), "clinic.example", True),
        (names(x509.DNSName("clinic.example")), "direct.clinic.example", True),
        (names(x509.DNSName("clinic.example")), "notclinic.example", False),
        (names(x509.RFC822Name("clinic.example")), "nurse@clinic.example", True),
        (names(x509.RFC822Name("clinic.example")), "nurse@sub.clinic.example", False),
        (names(x509.RFC822Name(".clinic.example")), "nurse@sub.clinic.example", True),
        (names(x509.RFC822Name("nurse@clinic.example")), "doctor@clinic.example", False),
        (names(excluded=[x509.DNSName("clinic.example")]), "clinic.example", False),
        (names(excluded=[x509.DNSName("other.example")]), "clinic.example", True),
        (names(DIRECTORY), "clinic.example", True),
        (names(DIRECTORY), "other.example", False),
        (names(x509.RFC822Name("clinic.example")), "clinic.example", True),
    ],
)
def test_an_authority_vouches_only_for_the_names_it_may(constraints, leaf, good):
    middle = ROOT.issue("middle", ca=True, constraints=constraints)
    holder = middle.issue(leaf)
    if good:
        assert path(holder, (middle,))
    else:
        assert fault(holder, (middle,)) == "name-constraint"


def test_the_subjects_mail_address_is_constrained_too():
    middle = ROOT.issue("middle", ca=True, constraints=names(x509.RFC822Name("clinic.example")))
    assert fault(middle.issue("nurse@other.example", email_subject=True), (middle,)) == "name-constraint"


def signed_with_sha_1(folder, issuer, holder):
    """The holder's key certified anew, for ten years from now, by openssl: the library makes no such signature."""
    (folder / "ca.crt").write_bytes(issuer.pem)
    (folder / "ca.key").write_bytes(issuer.key_pem)
    (folder / "leaf.key").write_bytes(holder.key_pem)
    (folder / "extensions").write_text("basicConstraints=critical,CA:true\nsubjectAltName=DNS:clinic.example\n")
    name = holder.certificate.subject.rfc4514_string()
    commands = (
        f"req -new -key leaf.key -subj /{name} -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -sha1 -days 3650 -extfile extensions -out leaf.crt",
    )
    for command in commands:
        done = subprocess.run(["openssl", *command.split()], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    weak = x509.load_pem_x509_certificate((folder / "leaf.crt").read_bytes())
    assert isinstance(weak.signature_hash_algorithm, hashes.SHA1)
    return Holder(holder.key, weak), int(weak.not_valid_before_utc.timestamp() + 60) * 1_000_000


LASTING = {"end": NOW + 5000 * DAY}


def test_a_certificate_signed_with_sha_1_is_refused_whoever_signed_it(tmp_path):
    weak, at = signed_with_sha_1(tmp_path, ROOT, ROOT.issue("clinic.example"))
    assert fault(weak, (), (authority(**LASTING),), at) == "weak-digest"


def test_an_authority_whose_certificate_is_signed_with_sha_1_vouches_for_nobody(tmp_path):
    root = authority(**LASTING)
    middle = root.issue("middle", ca=True, sans=[], **LASTING)
    leaf = middle.issue("clinic.example", **LASTING)
    weak, at = signed_with_sha_1(tmp_path, root, middle)
    assert fault(leaf, (weak,), (root,), at) == "weak-digest"
    assert path(leaf, (weak, middle), (root,), at)[1] == middle.certificate


async def test_a_mail_whose_signers_certificate_is_signed_with_sha_1_is_refused_and_says_so(tmp_path):
    root, hub = authority(**LASTING), authority("hub", **LASTING).issue("hub.example", **LASTING)
    weak, at = signed_with_sha_1(tmp_path, root, root.issue("clinic.example"))
    raw = sealed(MESSAGE, OUTER, Signer(weak.key, weak.certificate), [Addressee(hub.certificate)], at)
    found = await open_message(raw, [hub.opening], Trust((root.certificate,)), at)
    assert isinstance(found, Refused)
    assert (found.code, "SHA-1" in found.words) == ("weak-digest", True)


def test_a_bag_of_issuers_of_one_name_costs_bounded_work_and_loops_end():
    bag = [authority("middle") for _ in range(200)]
    leaf = authority("middle").issue("clinic.example")
    assert fault(leaf, bag) == "untrusted"
    one, two = ROOT.issue("one", ca=True), None
    two = one.issue("two", ca=True)
    back = two.issue("one", ca=True, key=one.key)
    assert fault(two.issue("clinic.example"), (two, back), (authority("elsewhere"),)) == "untrusted"


class Shelf:
    """Issuers by whom they issued, as if fetched."""

    def __init__(self, *holders):
        self.holders, self.asked = holders, 0

    async def issuers_of(self, certificate):
        self.asked += 1
        return [each.certificate for each in self.holders if each.certificate.subject == certificate.issuer]


async def test_missing_issuers_are_fetched_step_by_step_and_only_when_missing():
    first = ROOT.issue("first", ca=True)
    second = first.issue("second", ca=True)
    leaf = second.issue("clinic.example")
    shelf = Shelf(first, second)
    trust = Trust((ROOT.certificate,), sources=shelf)
    found = await trust.vouch(leaf.certificate, "nurse@clinic.example", AT, signing=True)
    assert len(found) == 4
    assert shelf.asked == 2
    direct = ROOT.issue("clinic.example")
    await trust.vouch(direct.certificate, "nurse@clinic.example", AT, signing=True)
    assert shelf.asked == 2

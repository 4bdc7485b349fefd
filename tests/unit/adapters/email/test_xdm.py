"""XDM packages: what goes out comes back, what others zip is read, and no zip harms the reader."""

import hashlib
import io
import stat
import struct
import zipfile
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.email.xdm.model import FOLDER, MAX_BYTES, SCHEMES, Code, Entry, Package, XdmError
from adapters.email.xdm.read import read_package
from adapters.email.xdm.unzip import unzipped
from adapters.email.xdm.write import write_package
from hub.errors import Unrenderable

ORDER = Entry(
    unique_id="1.2.3.1",
    media_type="x-application/hl7-v2+er7",
    content=b"MSH|^~\\&|A|B\rORC|NW|R1^^2.16.1^ISO\r",
    title="Referral order",
    patient_id="P1^^^&2.16.840.1&ISO",
    source_patient_id="P1^^^&2.16.840.1&ISO",
    source_patient=("PID-3|P1^^^&2.16.840.1&ISO", "PID-5|Le\u00f3n^Ana", "PID-7|19900203", "PID-8|F"),
    created="20260601120000",
    codes=(
        ("confidentiality", Code("R", "2.16.840.1.113883.5.25", "restricted")),
        ("confidentiality", Code("NORDSCLCD", "2.16.840.1.113883.5.4", "no redisclosure without consent")),
        ("type", Code("57133-1", "2.16.840.1.113883.6.1", "Referral note")),
    ),
    references=("R1^^^&2.16.1&ISO^urn:ihe:iti:xds:2013:referral",),
    hash_stated=True,
)
CCDA = Entry(
    unique_id="1.2.3.2", media_type="text/xml", content=b"<ClinicalDocument/>", title="C-CDA", hash_stated=True
)
PACKAGE = Package(
    unique_id="1.2.3",
    source_id="1.2",
    patient_id="P1^^^&2.16.840.1&ISO",
    submitted="20260601120000",
    entries=(ORDER, CCDA),
    author="exchange@hub.example",
    recipients=("intake@clinic.example",),
)


def test_a_package_comes_back_as_it_went():
    assert read_package(write_package(PACKAGE)) == PACKAGE
    assert write_package(PACKAGE) == write_package(PACKAGE)


def test_the_layout_and_the_metadata_are_the_standards():
    with zipfile.ZipFile(io.BytesIO(write_package(PACKAGE))) as archive:
        names = [f"{FOLDER}/{each}" for each in ("METADATA.XML", "DOC00001.HL7", "DOC00002.XML")]
        assert archive.namelist() == ["INDEX.HTM", "README.TXT", *names]
        root = ET.fromstring(archive.read(names[0]))
        page = archive.read("INDEX.HTM")
    rim = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
    assert root.tag == "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}SubmitObjectsRequest"
    assert len(root.findall(f".//{rim}ExtrinsicObject")) == 2
    assert len(root.findall(f".//{rim}Association")) == 2
    values = {each.get("name"): [v.text for v in each.iter(f"{rim}Value")] for each in root.iter(f"{rim}Slot")}
    assert values["hash"] == [hashlib.sha1(CCDA.content).hexdigest()]
    assert values["intendedRecipient"] == ["||^^Internet^intake@clinic.example"]
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert b"Referral" not in page
    assert b"Ana" not in page


def rezipped(change, metadata=None) -> bytes:
    """The package with each path changed, and its metadata."""
    files = unzipped(write_package(PACKAGE))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            new = change(path)
            if new is not None:
                edited = metadata(content) if metadata and path.endswith("METADATA.XML") else content
                archive.writestr(new, edited)
    return buffer.getvalue()


TOLERATED = {
    "lower case": (str.lower, None),
    "back slashes": (lambda path: path.replace("/", "\\"), None),
    "a missing slash": (lambda path: path.replace("SUBSET01/", "SUBSET01"), None),
    "a leading slash": (lambda path: "/" + path, None),
    "a folder around it": (lambda path: "package/" + path, None),
    "no index": (lambda path: None if path in {"INDEX.HTM", "README.TXT"} else path, None),
    "URIs with the whole path": (str, lambda xml: xml.replace(b">DOC", b">IHE_XDM/SUBSET01/DOC")),
    "URIs escaped": (lambda path: path.replace("DOC0", "DOC 0"), lambda xml: xml.replace(b">DOC0", b">DOC%200")),
    "URIs in pieces": (str, lambda xml: xml.replace(b">DOC00001.HL7<", b">2|001.HL7</Value><Value>1|DOC00<")),
    "URIs in lower case": (str, lambda xml: xml.replace(b">DOC00001.HL7", b">./doc00001.hl7")),
}


@pytest.mark.parametrize(("change", "metadata"), TOLERATED.values(), ids=TOLERATED)
def test_what_partners_do_to_paths_does_not_matter(change, metadata):
    assert read_package(rezipped(change, metadata)) == PACKAGE


def test_what_a_mac_adds_to_an_archive_is_passed_over():
    inside = [(f"sent/{name}", content) for name, content in unzipped(write_package(PACKAGE)).items()]
    beside = [(f"__MACOSX/{path.rpartition('/')[0]}/._{path.rpartition('/')[2]}", b"\0\5\x16\7") for path, _ in inside]
    assert read_package(zipped(*beside, *inside)) == PACKAGE


def test_an_absent_hash_is_said_to_be_absent_and_another_one_refused():
    without = read_package(rezipped(str, lambda xml: xml.replace(b'name="hash"', b'name="nothing"')))
    assert [each.hash_stated for each in without.entries] == [False, False]
    digest = hashlib.sha1(CCDA.content).hexdigest().encode()
    with pytest.raises(XdmError) as refusal:
        read_package(rezipped(str, lambda xml: xml.replace(digest, b"0" * 40)))
    assert refusal.value.detail_code == "xdm-hash"


ENTITY = b'<!DOCTYPE x [<!ENTITY a "b">]><RegistryPackage>&a;</RegistryPackage>'
BILLION = b'<!DOCTYPE x [<!ENTITY a "bbbbbbbb"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&c;&c;&c;</x>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "https://example.com/x">]><x>&a;</x>'


@pytest.mark.parametrize("xml", [b"", b"hello", b"<x/>", b"<x>", ENTITY, BILLION, OUTSIDE])
def test_metadata_that_is_none_or_dangerous_is_refused(xml):
    with pytest.raises(XdmError) as refusal:
        read_package(rezipped(str, lambda _: xml))
    assert refusal.value.detail_code == "xdm-metadata"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "xdm-not-zip"),
        (b"PK\x03\x04 nonsense", "xdm-not-zip"),
        (write_package(PACKAGE)[:-30], "xdm-not-zip"),
        (rezipped(lambda path: None if path.endswith("METADATA.XML") else path), "xdm-no-metadata"),
        (rezipped(lambda path: None if path.endswith("HL7") else path), "xdm-document-missing"),
        (rezipped(str, lambda xml: xml.replace(b">DOC00001.HL7", b">../../etc/x")), "xdm-unsafe"),
        (rezipped(str, lambda xml: xml.replace(b">DOC00001.HL7<", b">/<")), "xdm-document-missing"),
    ],
)
def test_what_cannot_be_read_has_its_own_code(content, code):
    with pytest.raises(XdmError) as refusal:
        read_package(content)
    assert refusal.value.detail_code == code


def zipped(*files: tuple[str, bytes], **attributes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            member = zipfile.ZipInfo(name)
            for attribute, value in attributes.items():
                setattr(member, attribute, value)
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def claiming_to_be_small(content: bytes) -> bytes:
    """A zip whose directory says that the first file unpacks to one byte."""
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 1) + content[at + 28 :]


HOSTILE = {
    "slip": (zipped(("../x", b"")), "xdm-unsafe"),
    "slip in the middle": (zipped(("a/../../x", b"")), "xdm-unsafe"),
    "slip with back slashes": (zipped(("a\\..\\..\\x", b"")), "xdm-unsafe"),
    "a drive": (zipped(("c:/x", b"")), "xdm-unsafe"),
    "a link": (zipped(("x", b"/etc/passwd"), external_attr=(stat.S_IFLNK | 0o777) << 16), "xdm-unsafe"),
    "a name twice": (zipped(("x", b"1"), ("X", b"2")), "xdm-unsafe"),
    "a bomb": (zipped(("x", b"\0" * (MAX_BYTES + 1))), "xdm-too-large"),
    "many small bombs": (zipped(*((f"x{n}", b"\0" * 1_100_000) for n in range(20))), "xdm-too-large"),
    "a crowd": (zipped(*((f"x{n}", b"") for n in range(1_001))), "xdm-too-large"),
}


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_zip_is_refused(content, code):
    with pytest.raises(XdmError) as refusal:
        unzipped(content)
    assert refusal.value.detail_code == code


def test_what_unpacks_to_more_than_the_directory_claims_is_refused():
    with pytest.raises(XdmError):
        unzipped(claiming_to_be_small(zipped(("x", b"\0" * (MAX_BYTES + 1)))))


def test_a_package_with_a_password_is_refused():
    content = bytearray(zipped(("x", b"secret")))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(XdmError) as refusal:
        unzipped(bytes(content))
    assert refusal.value.detail_code == "xdm-unsafe"


def test_too_much_and_nothing_are_not_packed():
    large = Entry(unique_id="1", media_type="text/plain", content=b"x" * (MAX_BYTES + 1))
    for entries in ((), (large,)):
        with pytest.raises(Unrenderable):
            write_package(Package("1", "2", "3", "4", entries))


TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(
    TEXT, TEXT, st.lists(st.tuples(st.sampled_from(sorted(SCHEMES)), TEXT, TEXT), max_size=4), st.binary(max_size=99)
)
def test_any_words_and_bytes_come_back(title, patient, codes, content):
    coded = tuple((word, Code(value, system)) for word, value, system in codes)
    entry = Entry("1.1", "application/pdf", content, title, patient_id=patient, codes=coded, hash_stated=True)
    package = Package("1", "2", patient, "20260601120000", (entry,))
    assert read_package(write_package(package)) == package


@given(st.integers(0, 3_000), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_no_document(position, flip):
    content = bytearray(write_package(PACKAGE))
    content[position % len(content)] ^= flip
    try:
        found = read_package(bytes(content))
    except XdmError:
        return
    assert [each.content for each in found.entries] == [each.content for each in PACKAGE.entries]

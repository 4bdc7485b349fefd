"""What may be entered in the directory: a form or an address that could not be used is refused where it is entered."""

import pytest

from deploy.demo.authority import Authority
from hub.entries import EndpointEntry, endpoint
from hub.errors import Malformed
from hub.model import ChannelKind

PEM = Authority().pem.decode()


def entry(channel: str, form: str, address: str = "") -> EndpointEntry:
    usual = {
        "api": "https://clinic.example/fhir",
        "email": "a@clinic.example",
        "fax": "+17075550100",
        "mllp": "mllps://clinic.example:2575",
        "file": "sftp://hub@clinic.example/in",
        "pickup": "a@clinic.example",
    }
    return EndpointEntry(
        organization="lantern",
        channel=ChannelKind(channel),
        address=address or usual[channel],
        form=form,
        certificate=PEM if channel == "email" else None,
        seal_key=bytes(32),
        station="ssh-ed25519 AAAA" if channel == "file" else None,
    )


@pytest.mark.parametrize(
    ("channel", "form"),
    [
        *(("api", form) for form in ("fhir", "sealed", "sealed-v2")),
        *(("email", form) for form in ("", "context", "xdm 360x", "no-mdn gcm pkcs1", "dispatched")),
        *(("file", form) for form in ("", "sealed", "sealed-v2")),
        *((channel, "") for channel in ("fax", "mllp", "pickup")),
    ],
)
def test_the_words_of_a_form_that_its_channel_knows_are_taken(channel: str, form: str) -> None:
    assert endpoint("lantern-x", entry(channel, form), 1).form == form


@pytest.mark.parametrize(
    ("channel", "form"),
    [
        ("api", ""),
        ("api", "FHIR"),
        ("api", "fhir sealed"),
        ("api", "sealed sealed-v2"),
        ("api", "sealed-v3"),
        ("email", "contxt"),
        ("email", "xdm xdm"),
        ("email", "fhir"),
        ("file", "zip"),
        ("file", "sealed sealed"),
        ("fax", "fine"),
        ("mllp", "2.5.1"),
        ("pickup", "sealed"),
    ],
)
def test_any_other_word_is_refused_with_the_words_there_are(channel: str, form: str) -> None:
    with pytest.raises(Malformed) as refusal:
        endpoint("lantern-x", entry(channel, form), 1)
    assert refusal.value.field == "form"
    assert form == "" or form not in refusal.value.message


@pytest.mark.parametrize(
    "address",
    [
        "https://[clinic",
        "https://clinic.example:0/x",
        "https://clinic.example:99999",
        "https://clinic.example/?q=1",
        "https://clinic.example/#x",
        "https://clinic.example/a b",
        "https://u:p@clinic.example",
        "https:///x",
        "http://clinic.example",
    ],
)
def test_an_address_that_could_not_be_used_is_refused(address: str) -> None:
    with pytest.raises(Malformed) as refusal:
        endpoint("lantern-x", entry("api", "fhir", address), 1)
    assert refusal.value.field == "address"

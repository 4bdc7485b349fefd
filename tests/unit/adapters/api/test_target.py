"""An address is taken only as a plain https URL; anything that could hide or inject something is refused."""

import pytest

from adapters.api.target import parse_target
from hub.errors import Unrenderable


@pytest.mark.parametrize(
    ("address", "host", "port", "authority", "path"),
    [
        ("https://plan.example/fhir", "plan.example", 443, "plan.example", "/fhir/$process-message"),
        ("https://plan.example:8443/fhir/", "plan.example", 8443, "plan.example:8443", "/fhir/$process-message"),
        ("https://PLAN.example:443", "plan.example", 443, "plan.example", "/$process-message"),
        ("https://[::1]:8443/r4", "::1", 8443, "[::1]:8443", "/r4/$process-message"),
    ],
)
def test_an_address_names_host_port_and_path(address, host, port, authority, path):
    target = parse_target(address, "/$process-message")
    assert (target.host, target.port, target.authority, target.path) == (host, port, authority, path)
    assert target.tls


@pytest.mark.parametrize(
    "address",
    [
        "http://plan.example/in",
        "http://127.0.0.1/in",
        "ftp://plan.example/in",
        "https://user:secret@plan.example/in",
        "https://plan.example/in?member=1",
        "https://plan.example/in#x",
        "https://plan.example/in\r\nX-Injected: yes",
        "https://plan.example/a b",
        "https://plan.example:99999/in",
        "https://[::1/in",
        "https:///in",
        "plan.example",
        "",
    ],
)
def test_any_other_address_is_refused(address):
    with pytest.raises(Unrenderable) as refusal:
        parse_target(address)
    assert refusal.value.detail_code == "endpoint-unusable"


def test_plain_http_is_for_this_machine_and_on_request_alone():
    assert parse_target("http://127.0.0.1:8080/in", allow_plain_loopback=True).tls is False
    with pytest.raises(Unrenderable):
        parse_target("http://plan.example/in", allow_plain_loopback=True)

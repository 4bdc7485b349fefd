"""Where a form may lead on to: pages of the desk, and nothing else (an open redirect)."""

import pytest

from hub.web.pages.visit import local_address


@pytest.mark.parametrize("address", ["/desk/log?a=[1]", "/desk/work", "/desk/"])
def test_a_page_of_the_desk_is_gone_on_to(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    ["//evil.example/desk/", "https://evil.example/desk/", "/desk/\\evil", "/desk/\nx", "//[", "http://[", "desk/", ""],
)
def test_anything_else_leads_to_the_front_page(address: str) -> None:
    assert local_address(address) == "/desk/"

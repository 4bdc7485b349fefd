"""Tests reach this machine and nothing else: a forgotten real address must fail the test, not send.

Names in the reserved domains (RFC 6761, RFC 2606) do not exist here; any other name or address is a mistake
and raises `OutsideError`, which is no `OSError`, so that no retry or fallback swallows it.
"""

import ipaddress
import socket
from typing import Any

import pytest

RESERVED = ("test", "example", "invalid", "example.com", "example.org", "example.net")


class OutsideError(Exception):
    """A test tried to look up or reach something that is not this machine."""


def forbid_outside(patch: pytest.MonkeyPatch) -> None:
    """Until `patch` is undone, refuse to look up or reach anything but loopback and local sockets."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check_address(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _check_address(self, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check_name(host)
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket.socket, "sendto", guarded_sendto)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


def _check_address(sock: socket.socket, address: Any) -> None:
    if sock.family in {socket.AF_INET, socket.AF_INET6}:
        _check_name(address[0])


def _check_name(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost" or name.endswith(".localhost") or _is_loopback(name):
        return
    if any(name == domain or name.endswith("." + domain) for domain in RESERVED):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    raise OutsideError(f"a test tried to reach {name}")


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

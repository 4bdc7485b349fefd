"""Certificates in a partner's LDAP directory, found by SRV: anonymous, read only, bounded.

Base names from the root entry (`namingContexts`), then a search by `mail`, attribute `userCertificate;binary`, then
`userCertificate`. Attacks stopped: the address goes into the filter escaped; the server is one the guard allows; what
drips for ever, never ends, or takes the parser apart is a server that could not be asked.
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ldap3 import BASE, NONE, SUBTREE
from ldap3.core.connection import Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.server import Server
from ldap3.utils.conv import escape_filter_chars

from adapters.email.discovery.dns import DnsCertificates, Service, SourceFailed
from adapters.email.discovery.found import Candidate, certificates_from

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10, 5, 15
"""To be connected, between two parts of an answer, and for all that one server is asked once connected."""
MOST_BYTES = 1024 * 1024
"""Of all that one server answers; a certificate has about 2,000."""
_ATTRIBUTES = ("userCertificate;binary", "userCertificate")
_KEPT_SECONDS = 3_600
"""LDAP knows no time to live."""
_MOST_CONTEXTS, _MOST_ENTRIES, _MOST_CERTIFICATES, _MOST_AT_ONCE = 10, 20, 20, 2


class LdapCertificates:
    """Asks the LDAP servers that a domain's SRV records name, by priority, until one answers."""

    def __init__(self, dns: DnsCertificates) -> None:
        self._dns = dns
        # Attack stopped: servers that hang take the threads in which large mail is opened.
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="ldap")

    def close(self) -> None:
        """Begins nothing more, and waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def certificates(self, mail: str, domain: str, source: str) -> list[Candidate]:
        """The certificates of the entries with this `mail`. Raises `SourceFailed` if no server could be asked."""
        servers, loop = await self._dns.ldap_servers(domain), asyncio.get_running_loop()
        failed = False
        for server in servers:
            for address in await self._dns.addresses(server.host):
                try:
                    contents = await loop.run_in_executor(self._threads, _searched, address, server, mail)
                except Exception:  # noqa: BLE001 - fed hostile bytes, the parser raises errors of many families
                    failed = True
                    continue
                return [
                    Candidate(source, each, _KEPT_SECONDS) for each in certificates_from(contents[:_MOST_CERTIFICATES])
                ]
            failed = True
        if failed:
            raise SourceFailed
        return []


class _Bounded:
    """A socket whose whole answers are short and soon over: ldap3 bounds the wait for each part of them alone."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._ends = time.monotonic() + WHOLE_SECONDS
        self._left = MOST_BYTES

    def recv(self, size: int) -> bytes:
        """Raises `OSError` once the time is over or the bytes are used up."""
        seconds = min(READ_SECONDS, self._ends - time.monotonic())
        if seconds <= 0 or self._left <= 0:
            raise TimeoutError
        self._inner.settimeout(seconds)
        found = self._inner.recv(min(size, self._left))
        self._left -= len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _searched(address: str, service: Service, mail: str) -> list[bytes]:
    server = Server(address, service.port, get_info=NONE, connect_timeout=CONNECT_SECONDS)
    connection = Connection(server, read_only=True, receive_timeout=READ_SECONDS, auto_referrals=False)
    try:
        connection.open(read_server_info=False)
        assert connection.socket is not None  # or `open` had raised
        connection.socket = _Bounded(connection.socket)
        if not connection.bind():
            raise LDAPException("bind")
        value = escape_filter_chars(mail)
        narrow = f"(&(mail={value})(|(userCertificate;binary=*)(userCertificate=*)))"
        for context in _contexts(connection):
            for question in (f"(mail={value})", narrow):
                found = _contents(connection, context, question)
                if found:
                    return found
    finally:
        if connection.bound:
            connection.unbind()
        if connection.socket is not None:  # which ldap3 leaves open when it could not connect
            connection.socket.close()
    return []


def _contexts(connection: Connection) -> Sequence[str]:
    connection.search("", "(objectClass=*)", BASE, attributes=["namingContexts"])
    named = [
        value.decode(errors="replace")
        for entry in connection.response or ()
        for value in entry.get("raw_attributes", {}).get("namingContexts", ())
    ]
    return named[:_MOST_CONTEXTS] or [""]


def _contents(connection: Connection, context: str, question: str) -> list[bytes]:
    connection.search(
        context, question, SUBTREE, attributes=list(_ATTRIBUTES),
        size_limit=_MOST_ENTRIES, time_limit=READ_SECONDS,
    )  # fmt: skip
    entries = [entry.get("raw_attributes", {}) for entry in connection.response or ()]
    for attribute in _ATTRIBUTES:
        found = [value for entry in entries for value in entry.get(attribute, ())]
        if found:
            return found
    return []

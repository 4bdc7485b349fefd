"""The server at the far side of a network channel: it can go away, or pose as a stranger."""

import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.authority import Authority


@dataclass
class Server:
    """`stack` holds the running server; `tls` is its context, whose certificate counts for each new
    handshake.
    """

    stack: AsyncExitStack
    tls: ssl.SSLContext
    folder: Path

    def pose_as_a_stranger(self) -> None:
        """From now on it shows a certificate for the same names from an authority nobody trusts."""
        stranger = Authority("stranger").server("localhost", "127.0.0.1")
        self.tls.load_cert_chain(*stranger.write(self.folder, "stranger"))

"""What comes in by other ways than the HTTP API: mail, fax, HL7 v2, files. The values an intake gives to the hub.

An intake reads bytes, says who they are from as far as the channel itself proves it, and what they are. It decides
nothing: whom they concern, whether they may go on and what becomes of them is the hub's (`hub.inbound`).
"""

from typing import Literal

from hub.model import Document, Event, Frozen, MemberIdentity, MessageKind, Priority

Says = Literal["processed", "dispatched", "delivered", "failed"]
"""What a proof says about a delivery, in the order in which they come; `failed` may come at any time."""


Place = Literal["opens", "retracts", "answers"]
"""Whether a message of a thread tells of it, takes back what was told, or answers whoever opened it."""


class ArrivedPacket(Frozen, frozen=True, kw_only=True, tag="packet"):
    """A packet somebody else's system sent, on its way to a submission."""

    kind: MessageKind
    purpose: str
    """A purpose of use of the case format."""
    person: MemberIdentity
    documents: tuple[Document, ...]
    event: Event | None = None
    priority: Priority = Priority.ROUTINE
    recipients: tuple[str, ...] = ()
    """Organization ids, or addresses as the directory has them; none: those the routing names for this kind."""
    review: tuple[str, ...] = ()
    """Codes of what a person must look at before it goes on: restriction carriers, unknown labels."""
    thread: str = ""
    """What earlier and later messages have in common, `visit/NUMBER` or `referral/NUMBER`; stored as a keyed hash."""
    place: Place = "opens"
    moved: bool = False
    """The referral's Task was moved before this report of it was made."""
    slot: int | None = None
    """When the person is expected, where an answer to a referral says so; microseconds UTC."""


class ArrivedUpdate(Frozen, frozen=True, kw_only=True, tag="update"):
    """What somebody else's system now says of a visit (A08): only what it says counts, what it leaves out stays."""

    person: MemberIdentity
    thread: str
    setting: str = ""
    place: str = ""
    hidden: bool = False
    """A restriction forbids to say where."""
    restricted: bool = False
    admitted_at: int | None = None
    discharged_at: int | None = None
    disposition: str = ""
    review: tuple[str, ...] = ()
    others: tuple[MemberIdentity, ...] = ()
    """Whom numbers meant that now mean `person`."""
    threads: tuple[str, ...] = ()
    """Further visits that it is about."""


class ArrivedNote(Frozen, frozen=True, kw_only=True, tag="note"):
    """Something that is kept and tells nobody."""

    code: str
    review: tuple[str, ...] = ()


class ArrivedProof(Frozen, frozen=True, kw_only=True, tag="proof"):
    """What a recipient's system says about something the hub delivered: an MDN, a DSN, a fax report, a callback."""

    delivery: str
    """The delivery id that went out with it."""
    kind: str
    """As `Receipt.kind`: `mdn-processed`, `mdn-dispatched`, `dsn-failed`, `fax-confirmed`, `signed-ack`."""
    says: Says
    reference: str = ""
    """The other side's own reference; nothing about a person."""
    detail: tuple[tuple[str, str], ...] = ()


class Acknowledge(Frozen, frozen=True, kw_only=True):
    """What the sender of a mail that opened and verified is owed: notices to its address, sealed to its certificate."""

    sender: str
    recipient: str
    """The address of ours that it came to, and that answers."""
    message_id: str
    certificate: bytes
    """PEM: who signed it. A verified directory entry's certificate is preferred."""
    delivery: bool = False
    """It asked to be told of the delivery to the final destination."""


class Arrival(Frozen, frozen=True, kw_only=True):
    """One thing that came in, before anybody acted on it."""

    channel: Literal["email", "fax", "api", "mllp", "file"]
    key: str
    """What makes a repeat recognisable: a Message-ID, MSH-3/4/10, a communication id, a file's digest."""
    raw: bytes
    """As received; sealed at rest."""
    digest: bytes = b""
    """SHA-256 of what a repeat has in common with the first time; empty: of the bytes as received."""
    earlier: tuple[str, ...] = ()
    """Keys under which the same may have come before: where a repeat's own key can differ, as over midnight."""
    media_type: str
    organization: str = ""
    """The sender's id where the listener's own configuration proves it: a client certificate, an SFTP account."""
    address: str = ""
    """Else the sender's address as the channel authenticated it, to be found in the directory; empty: unproved."""
    claimed: str = ""
    """What the sender says of itself without proof, as a calling fax machine's id; shown to the person who matches."""
    content: ArrivedPacket | ArrivedUpdate | ArrivedProof | ArrivedNote | None = None
    trouble: str = ""
    """Why it could not be opened, trusted or understood: a code. It is kept for a person."""
    acknowledge: Acknowledge | None = None
    """Who is told that it arrived, by the channel itself (`hub.inbound.acknowledge`)."""


class Taken(Frozen, frozen=True, kw_only=True):
    """The hub's answer to an arrival: it is durable."""

    id: str
    repeated: bool = False
    """It was here before, the same under the same key or an earlier one."""

"""Consents: every element of §2.31(a) a field of its own, clustered by member; their papers and history."""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from hub.storage.tables.declared import CLUSTERED, Declared


class Consent(Declared, table=True):
    """One signed consent. Field names are those of the case format, section 3; null is a blank on the form."""

    __table_args__ = (CLUSTERED,)
    member_id: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    names_patient: bool = True
    """§2.31(a)(1)"""
    discloser: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(2)"""
    information: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(3)"""
    recipients: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(4)(i)"""
    intermediary: str | None = Field(default=None, sa_type=Text)
    participants: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(4)(ii)"""
    states_redisclosure_rule: bool = False
    """§2.31(a)(4)(iii)"""
    purposes: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(5)"""
    patient_initiated: bool = False
    states_fundraising_opt_out: bool = False
    states_right_to_revoke: bool = False
    states_how_to_revoke: bool = False
    """§2.31(a)(6)"""
    expires: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(7): a date, an instant, `none`, or `event:NAME`"""
    event_status: str | None = Field(default=None, sa_type=Text)
    """of the event: an instant, `not_yet`, or null for unknown"""
    signed_by: str | None = Field(default=None, sa_type=Text)
    signature: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(8)"""
    signed_on: str | None = Field(default=None, sa_type=Text)
    """§2.31(a)(9)"""
    signed_at: int | None = Field(default=None, sa_type=BigInteger)
    states_redisclosure_risk: bool = False
    states_refusal_consequences: bool = False
    """§2.31(a)(10)"""
    written: bool = True
    verified: bool = False
    verified_by: str | None = Field(default=None, sa_type=Text)
    revoked: str = Field(default="[]", sa_type=Text)
    conditioned: bool = False
    onward: str = Field(default="[]", sa_type=Text)
    revocable_from: str | None = Field(default=None, sa_type=Text)
    states_period: bool = False
    form: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    state: str = Field(default="active", sa_type=Text)
    """`active`, `revoked` (wholly), `entered_in_error`"""
    recorded_at: int = Field(sa_type=BigInteger)
    recorded_by: str = Field(sa_type=Text)


class ConsentDocument(Declared, table=True):
    """The signed paper, sealed."""

    __tablename__ = "consent_document"
    consent_id: str = Field(primary_key=True, sa_type=Text)
    member_id: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    key_id: str = Field(sa_type=Text)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class ConsentEvent(Declared, table=True):
    """History: recorded, verified, revoked in whole or in part, entered in error."""

    __tablename__ = "consent_event"
    id: str = Field(primary_key=True, sa_type=Text)
    consent_id: str = Field(sa_type=Text, index=True)
    member_id: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    what: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    detail: str = Field(default="{}", sa_type=Text)


class Restriction(Declared, table=True):
    """A limit the patient asked for (§2.26)."""

    __table_args__ = (CLUSTERED,)
    member_id: str = Field(primary_key=True, sa_type=Text)
    id: str = Field(primary_key=True, sa_type=Text)
    against: str = Field(default="[]", sa_type=Text)
    information: str = Field(default='["complete_record"]', sa_type=Text)
    agreed: bool = True
    paid_in_full: bool = False
    ended: int | None = Field(default=None, sa_type=BigInteger)
    ended_by: str | None = Field(default=None, sa_type=Text)
    recorded_at: int = Field(sa_type=BigInteger)

"""Rows of the directory and the values they stand for; both ways, nothing else."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

import msgspec

from hub.model import ChannelKind, Correspondent, Endpoint, Frozen
from hub.storage import tables
from hub.storage.statements import Row, columns_of
from policies.model import Agreement, Party

_AGREEMENT = tuple(field.name for field in fields(Agreement))


class Organization(Frozen, frozen=True, kw_only=True):
    """A legal entity or a unit of one, in the words of the case format (section 1)."""

    id: str
    name: str
    kind: str = "provider"
    roles: frozenset[str] = frozenset()
    part_of: str | None = None
    controlled_by: str | None = None
    sud_program: str | None = None
    federal_assistance: bool = True
    sud_only: bool = False
    participants: frozenset[str] = frozenset()
    npi: str | None = None
    identifiers: Mapping[str, str] = msgspec.field(default_factory=dict)
    phone: str | None = None
    fax: str | None = None
    email: str | None = None
    active: bool = True

    @property
    def correspondent(self) -> Correspondent:
        """As partners see it on a cover page or in a message header."""
        return Correspondent(
            id=self.id,
            name=self.name,
            phone=self.phone or "",
            fax=self.fax or "",
            email=self.email or "",
            npi=self.npi or "",
        )

    @property
    def party(self) -> Party:
        """As the policy sees it."""
        return Party(
            self.id,
            self.name,
            self.roles,
            self.part_of,
            self.controlled_by,
            self.sud_program,
            self.federal_assistance,
            self.sud_only,
            self.participants,
        )


def usable(row: Row) -> bool:
    values = dict(zip(columns_of(tables.Endpoint), row, strict=True))
    return bool(values["active"] and values["verified_at"] and values["verified_by"])


def organization_row(organization: Organization, at: int) -> dict[str, Any]:
    row = msgspec.structs.asdict(organization) | {"updated_at": at}
    row["roles"] = _text(sorted(organization.roles))
    row["participants"] = _text(sorted(organization.participants))
    row["identifiers"] = _text(dict(sorted(organization.identifiers.items())))
    return {column: row[column] for column in columns_of(tables.Organization)}


def organization_of(row: Row) -> Organization:
    values = dict(zip(columns_of(tables.Organization), row, strict=True))
    del values["updated_at"]
    for column in ("roles", "participants"):
        values[column] = frozenset(msgspec.json.decode(values[column]))
    for column in ("federal_assistance", "sud_only", "active"):
        values[column] = bool(values[column])
    return Organization(**values | {"identifiers": msgspec.json.decode(values["identifiers"])})


def endpoint_row(endpoint: Endpoint, verified_by: str | None, active: bool) -> dict[str, Any]:
    row = msgspec.structs.asdict(endpoint)
    row |= {"organization_id": endpoint.organization, "channel": str(endpoint.channel), "active": active}
    row["verified_by"] = verified_by
    return {column: row[column] for column in columns_of(tables.Endpoint)}


def endpoint_of(row: Row) -> Endpoint:
    values = dict(zip(columns_of(tables.Endpoint), row, strict=True))
    organization, channel = values.pop("organization_id"), ChannelKind(values["channel"])
    del values["verified_by"], values["active"]
    return Endpoint(**values | {"organization": organization, "channel": channel})


def verifier_of(row: Row) -> str:
    """Who verified an endpoint, or entered it if nobody has yet; empty if nobody is known."""
    return dict(zip(columns_of(tables.Endpoint), row, strict=True))["verified_by"] or ""


def agreement_row(agreement: Agreement) -> dict[str, Any]:
    until = agreement.until.isoformat() if agreement.until else None
    row = {name: getattr(agreement, name) for name in _AGREEMENT} | {"until": until}
    return {column: row[column] for column in columns_of(tables.Agreement)}


def agreement_of(row: Row) -> Agreement:
    values = dict(zip(columns_of(tables.Agreement), row, strict=True))
    until = date.fromisoformat(values["until"]) if values["until"] else None
    return Agreement(**values | {"until": until, "copies": bool(values["copies"])})


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()

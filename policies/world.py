"""The parties of a county: who belongs to whom, who has which role, who is a part 2 program.

A `World` is built once and asked for every decision; what follows from the parties alone is derived here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from policies.vocabulary import SUD_PROGRAMS, THE_PATIENT

__all__ = ["Agreement", "Party", "World"]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who discloses or receives. `part_of`: the party it is a unit of or works for."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    part_of: str | None = None
    controlled_by: str | None = None
    sud_program: str | None = None
    federal_assistance: bool = True
    sud_only: bool = False
    participants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreement:
    """`holder` is served or audited, `with_party` serves or audits; `until` is good to its end."""

    id: str
    kind: str
    holder: str
    with_party: str
    service: str | None = None
    until: date | None = None
    copies: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Parties and agreements of one county. Compared by identity: build it once.

    Raises ValueError if a party refers to one that does not exist.
    """

    parties: Mapping[str, Party]
    agreements: Mapping[str, Agreement]
    zone: ZoneInfo
    lines: Mapping[str, frozenset[str]] = field(init=False, repr=False)
    """Party -> all parties it belongs to, itself included."""
    roles: Mapping[str, frozenset[str]] = field(init=False, repr=False)
    """Party -> its roles and those of all it belongs to."""
    programs: frozenset[str] = field(init=False, repr=False)
    """The part 2 programs (§2.11, §2.12(b), (e)(2)); unknown status counts as a program."""
    program_of: Mapping[str, str] = field(init=False, repr=False)
    """Party -> the part 2 program that it is, or whose staff or part it is without a status of its own."""
    sud_only: frozenset[str] = field(init=False, repr=False)
    veterans: frozenset[str] = field(init=False, repr=False)
    """Parties of veterans' care (§2.12(c)(1))."""
    by_name: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lines = {party: self._line(party) for party in self.parties}
        roles = {party: frozenset().union(*(self.parties[p].roles for p in lines[party])) for party in lines}
        by_name: dict[str, tuple[str, ...]] = {}
        for party in self.parties.values():
            by_name[party.name] = (*by_name.get(party.name, ()), party.id)
        derived = {
            "lines": {**lines, THE_PATIENT: frozenset({THE_PATIENT})},
            "roles": {**roles, THE_PATIENT: frozenset()},
            "programs": frozenset(p.id for p in self.parties.values() if is_program(p)),
            "program_of": {p: program for p in lines if (program := self._program(p)) is not None},
            "sud_only": frozenset(p for p in lines if any(self.parties[q].sud_only for q in lines[p])),
            "veterans": frozenset(p for p in roles if "veterans_care" in roles[p]),
            "by_name": by_name,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def _program(self, party: str) -> str | None:
        """§2.11: staff and parts of a program act as the program, unless their own function is stated."""
        passed: set[str] = set()
        at: str | None = party
        while at is not None and at not in passed and self.parties[at].sud_program is None:
            passed.add(at)
            at = self.parties[at].part_of
        return at if at is not None and is_program(self.parties[at]) else None

    def _line(self, party: str) -> frozenset[str]:
        line: set[str] = set()
        at: str | None = party
        while at is not None and at not in line:
            if at not in self.parties:
                raise ValueError(f"party {party} is part of {at}, which does not exist")
            line.add(at)
            at = self.parties[at].part_of
        return frozenset(line)


def is_program(party: Party) -> bool:
    """§2.11, §2.12(b): its own SUD function and federal assistance decide, not those of its parent."""
    return party.sud_program in SUD_PROGRAMS and party.federal_assistance

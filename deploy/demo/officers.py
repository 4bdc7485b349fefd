"""Who works at the desk of the demonstration: invented people with a password and an authenticator to type from.

python -m deploy.demo.officers [FILE]   the six digits that each authenticator shows now
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyotp

from deploy.demo import authority
from hub.context import Hub
from hub.people import accounts, entering, factors
from hub.people.accounts import EVERYBODY

PASSWORD = "almendra in the spring"
PLACE = Path("demo/officers.json")


class Officer(NamedTuple):
    name: str
    email: str
    role: str
    organizations: tuple[str, ...]


OFFICERS = (
    Officer("Dana Whitlock", "dana@almendra.example", "compliance", ("county", EVERYBODY)),
    Officer("Luis Arroyo", "luis@almendra.example", "privacy", ("county", EVERYBODY)),
    Officer("Mei Tanaka", "mei@alderhaven.example", "compliance", ("alderhaven",)),
    Officer("Priya Nair", "priya@auditors.example", "auditor", ("county", EVERYBODY)),
    # A counselor of the program that refers people.
    Officer("Elena Ortiz", "elena@alderhaven.example", "staff", ("alderhaven",)),
    # At the intake of the program that story (a) refers to.
    Officer("Rosa Baptiste", "rosa@hazelmoor.example", "staff", ("hazelmoor",)),
    # A care coordinator of the health plan that story (b) tells of an admission.
    Officer("Noor Haddad", "noor@greenmark.example", "staff", ("greenmark",)),
    # On call for every organization: opens nobody's data but in an emergency, for an hour, and under review.
    Officer("Sam Kelly", "sam@almendra.example", "administrator", ("county", EVERYBODY)),
)


async def hire(hub: Hub, home: str, place: Path) -> None:
    """Give everybody an account, and keep what their authenticators hold. `home`: the county's own organization."""
    held = {}
    for officer in OFFICERS:
        organizations = tuple(home if each == "county" else each for each in officer.organizations)
        invitation = await accounts.add(
            hub, email=officer.email, name=officer.name, roles=(officer.role,), organizations=organizations, by="hub"
        )
        await entering.accept(hub, invitation.code, PASSWORD)
        account = await accounts.find(hub, invitation.person)
        # A code of the step before, so that the present one can still be used.
        earlier = pyotp.TOTP(account.totp).at(hub.clock.now() // 1_000_000 - factors.STEP_S)
        await entering.enrol(hub, account, earlier)
        held[officer.email] = {"name": officer.name, "role": officer.role, "secret": account.totp}
    authority.write_private(place, json.dumps(held, indent=1).encode())


def codes(held: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Who, and the six digits of this half minute."""
    return [
        (f"{each['name']}, {each['role']}: {email}", pyotp.TOTP(each["secret"]).now()) for email, each in held.items()
    ]


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    for who, digits in codes(json.loads(chosen.read_text())):
        print(f"{digits}   {who}")

"""SMART Backend Services 2.2: a client with a key of its own gets in, and every known trick does not.

Assertions are made with the `cryptography` library and by hand, not with the code under test.
"""

import base64
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hub.errors import Malformed, Unauthorized
from hub.smart import clients, scopes
from hub.smart.keys import KeyCache, read_jwks
from hub.storage.tables import LedgerEntry
from tests.api import Answer, Api, an_api
from tests.scenes import Scene, a_scene

ADDRESS = "https://hub.example"
AUD = f"{ADDRESS}/oauth/token"
SECRET = ec.generate_private_key(ec.SECP384R1())
RSA_SECRET = rsa.generate_private_key(65537, 2048)
KID, RSA_KID = "ec-1", "rsa-1"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, size: int) -> str:
    return b64(value.to_bytes(size, "big"))


def ec_jwk(key: ec.EllipticCurvePrivateKey = SECRET, kid: str = KID) -> dict[str, str]:
    point = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    return {"kty": "EC", "crv": "P-384", "kid": kid, "x": number(point.x, size), "y": number(point.y, size)}


def rsa_jwk(key: rsa.RSAPrivateKey = RSA_SECRET) -> dict[str, str]:
    public = key.public_key().public_numbers()
    return {"kty": "RSA", "kid": RSA_KID, "n": number(public.n, key.key_size // 8), "e": "AQAB"}


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": keys or (ec_jwk(), rsa_jwk())}).encode()


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    given = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    if header["alg"] == "RS384":
        signature = (key or RSA_SECRET).sign(given.encode(), padding.PKCS1v15(), hashes.SHA384())
    elif header["alg"] == "none":
        signature = b""
    else:
        r, s = decode_dss_signature((key or SECRET).sign(given.encode(), ec.ECDSA(hashes.SHA384())))
        signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    return f"{given}.{b64(signature)}"


class Door:
    def __init__(self, scene: Scene, api: Api, client: str) -> None:
        self.scene, self.api, self.client, self.used = scene, api, client, 0

    def assertion(self, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        self.used += 1
        head = {"alg": "ES384", "kid": KID, "typ": "JWT"} | (header or {})
        body = {
            "iss": self.client,
            "sub": self.client,
            "aud": AUD,
            "exp": int(time.time()) + 200,
            "jti": f"j{self.used}",
        }
        return signed(head, {k: v for k, v in (body | claims).items() if v is not None}, key)

    async def ask(self, assertion: str, scope: str = "system/Task.rs", **changes: str) -> Answer:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scope,
        }
        return await self.api.nobody("POST", "/oauth/token", data=form | changes)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        scene.hub = dataclasses.replace(scene.hub, address=ADDRESS)
        client = await clients.add(
            scene.hub, "harbor", "system/Task.rus system/AuditEvent.rs", by="county", jwks=jwks()
        )
        async with an_api(scene.hub) as api:
            yield Door(scene, api, client)


@pytest.mark.parametrize("header", [{}, {"alg": "RS384", "kid": RSA_KID}])
async def test_a_client_with_its_key_gets_a_token_for_its_scope(door: Door, header: dict[str, str]) -> None:
    answer = await door.ask(door.assertion(header))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    granted = answer.json
    assert (granted["token_type"], granted["scope"]) == ("bearer", "system/Task.rs")
    assert granted["expires_in"] <= 900
    caller = door.api.with_token(granted["access_token"])
    assert (await caller("GET", "/fhir/Task")).status == 200
    assert (await caller("GET", "/fhir/Communication")).status == 403, "not in its scope"
    assert (await caller("PUT", "/fhir/Task/x", {})).status == 403, "may be registered, was not asked for"
    for path in ("/v1/submissions", "/v1/disclosures"):
        assert (await caller("GET", path)).status == 401, "reaches nothing but /fhir"
    assert (await caller.submit("key")).status == 401


async def test_a_scope_never_reaches_beyond_the_role(door: Door) -> None:
    token = (await door.ask(door.assertion(), scope="system/AuditEvent.rs")).json["access_token"]
    assert (await door.api.with_token(token)("GET", "/fhir/AuditEvent")).status == 403, "for people"


async def test_never_more_than_registered_is_granted(door: Door) -> None:
    assert (await door.ask(door.assertion(), scope="system/*.cruds")).json["scope"] == (
        "system/Task.rus system/AuditEvent.rs"
    )
    for scope in ("system/Communication.r", "", "patient/Task.rs", "system/Task.sr", "system/Task.read"):
        answer = await door.ask(door.assertion(), scope=scope)
        assert (answer.status, answer.json) == (400, {"error": "invalid_scope"})


async def test_a_token_ends_after_a_quarter_of_an_hour(door: Door) -> None:
    caller = door.api.with_token((await door.ask(door.assertion())).json["access_token"])
    door.scene.hub.clock.ahead += 901 * 1_000_000  # type: ignore[attr-defined]
    assert (await caller("GET", "/fhir/Task")).status == 401


async def test_an_assertion_is_used_once(door: Door) -> None:
    assertion = door.assertion()
    assert (await door.ask(assertion)).status == 200
    again = await door.ask(assertion)
    assert (again.status, again.json) == (401, {"error": "invalid_client"})


async def test_a_disabled_client_gets_nothing_and_its_tokens_are_gone(door: Door) -> None:
    token = (await door.ask(door.assertion())).json["access_token"]
    await clients.disable(door.scene.hub, door.client, by="county")
    assert (await door.ask(door.assertion())).status == 401
    assert (await door.api.with_token(token)("GET", "/fhir/Task")).status == 401


OTHER = ec.generate_private_key(ec.SECP384R1())
TRICKS: dict[str, Callable[[Door], str]] = {
    "no algorithm": lambda door: door.assertion({"alg": "none"}),
    "another key": lambda door: door.assertion(key=OTHER),
    "a key it brings along": lambda door: door.assertion({"jwk": ec_jwk(OTHER)}, OTHER),
    "an address of a certificate": lambda door: door.assertion({"x5u": "https://evil.example/c"}),
    "a certificate": lambda door: door.assertion({"x5c": ["MII"]}),
    "an address of keys that is not registered": lambda door: door.assertion({"jku": "https://evil.example/jwks"}),
    "a critical header": lambda door: door.assertion({"crit": ["b64"], "b64": False}),
    "no key id": lambda door: signed({"alg": "ES384"}, {"iss": door.client}),
    "an unknown key id": lambda door: door.assertion({"kid": "none"}),
    "the other type of key": lambda door: door.assertion({"alg": "RS384", "kid": KID}),
    "an unknown client": lambda door: door.assertion(iss="nobody", sub="nobody"),
    "a subject that is not the issuer": lambda door: door.assertion(sub="other"),
    "another server": lambda door: door.assertion(aud="https://other.example/oauth/token"),
    "several audiences": lambda door: door.assertion(aud=[AUD, "https://other.example"]),
    "no end": lambda door: door.assertion(exp=None),
    "over": lambda door: door.assertion(exp=int(time.time()) - 1),
    "too long": lambda door: door.assertion(exp=int(time.time()) + 400),
    "an end in words": lambda door: door.assertion(exp=str(int(time.time()) + 100)),
    "an end that is true": lambda door: door.assertion(exp=True),
    "not begun": lambda door: door.assertion(nbf=int(time.time()) + 200),
    "no id": lambda door: door.assertion(jti=None),
    "an empty id": lambda door: door.assertion(jti=""),
    "no JWT": lambda _door: "x.y",
    "huge": lambda door: door.assertion(pad="x" * 9_000),
    "not ASCII": lambda _door: "é.é.é",
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_every_trick_is_refused_alike(door: Door, trick: str) -> None:
    answer = await door.ask(TRICKS[trick](door))
    assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


async def test_a_shared_secret_made_of_the_public_key_is_refused(door: Door) -> None:
    import hmac

    given = door.assertion({"alg": "ES384"}).rpartition(".")[0]
    head = b64(json.dumps({"alg": "HS384", "kid": KID}).encode())
    given = f"{head}.{given.partition('.')[2]}"
    forged = f"{given}.{b64(hmac.digest(jwks(), given.encode(), 'sha384'))}"
    assert (await door.ask(forged)).status == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "urn:other"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_request"),
    ],
)
async def test_other_ways_in_are_refused(door: Door, changes: dict[str, str], error: str) -> None:
    assert (await door.ask(door.assertion(), **changes)).json == {"error": error}


async def test_the_configuration_says_where_and_how(door: Door) -> None:
    for path in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
        stated = (await door.api.nobody("GET", path)).json
        assert stated["token_endpoint"] == AUD
        assert stated["token_endpoint_auth_signing_alg_values_supported"] == ["ES384", "RS384"]


async def test_a_host_header_does_not_make_the_audience(tmp_path: Path) -> None:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        answer = await api.nobody("POST", "/oauth/token", data={}, headers={"Host": "hub.example"})
        assert answer.status == 404, "without its own address the hub gives no tokens"


async def test_fetched_keys_are_remembered_and_an_unknown_one_asks_again_at_most_once_a_minute(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, asked, now = [jwks(ec_jwk())], [], [1_000_000.0]

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return served[0]

    hub = dataclasses.replace(door.scene.hub, fetch=fetch)
    url = "https://ehr.example/jwks"
    client = await clients.add(hub, "harbor", "system/Task.rs", by="county", jwks_uri=url)
    monkeypatch.setattr("hub.smart.keys.time.monotonic", lambda: now[0])
    async with an_api(hub) as api:
        fetching = Door(door.scene, api, client)
        for _ in range(3):
            assert (await fetching.ask(fetching.assertion())).status == 200
        assert asked == [url]
        served[0] = jwks(ec_jwk(), ec_jwk(OTHER, "ec-2"))
        new = {"kid": "ec-2", "jku": url}
        assert (await fetching.ask(fetching.assertion(new, OTHER))).status == 401
        now[0] += 61
        assert (await fetching.ask(fetching.assertion(new, OTHER))).status == 200
        for _ in range(3):
            await fetching.ask(fetching.assertion({"kid": "none"}))
        assert len(asked) == 2


async def test_a_key_server_that_is_away_for_a_while_locks_nobody_out() -> None:
    served: list[bytes | None] = [jwks(ec_jwk())]
    now, asked = [0.0], []
    url = "https://ehr.example/jwks"

    async def fetch(url: str) -> bytes:
        asked.append(url)
        if served[0] is None:
            raise OSError
        return served[0]

    keys = KeyCache(fetch, lambda: now[0])

    async def known(key_id: str) -> bool:
        try:
            return bool(await keys.key(url, key_id))
        except Unauthorized:
            return False

    assert await known(KID)
    served[0] = None
    now[0] += 4_000
    assert [await known(KID) for _ in range(3)] == [True] * 3
    assert len(asked) == 2, "asked again at most once a minute"
    now[0] += 90_000
    assert not await known(KID), "not for ever"
    served[0] = jwks(ec_jwk(OTHER, "ec-2"))
    now[0] += 61
    assert (await known("ec-2"), await known(KID)) == (True, False), "the old key was taken back"


async def test_a_clock_that_is_a_little_ahead_is_no_trick(door: Door) -> None:
    ahead = int(time.time()) + 30
    assert (await door.ask(door.assertion(exp=ahead + 300, iat=ahead, nbf=ahead))).status == 200


def test_a_set_with_keys_for_other_uses_is_read_for_those_that_are_ours() -> None:
    others = (
        ec_jwk(SMALL, "p-256") | {"crv": "P-256"},
        rsa_jwk(WEAK) | {"kid": "weak"},
        ec_jwk(OTHER, "enc") | {"use": "enc"},
        rsa_jwk() | {"kid": "rs256", "alg": "RS256"},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32)), "kid": "ed"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
    )
    assert set(read_jwks(jwks(*others, ec_jwk(), rsa_jwk()))) == {KID, RSA_KID}


WEAK = rsa.generate_private_key(65537, 1024)
SMALL = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "keys",
    [
        b"",
        b"{}",
        b'{"keys":[]}',
        b'{"keys":[7]}',
        jwks(ec_jwk() | {"d": "AA"}),
        jwks({"kty": "oct", "k": "AAAA", "kid": "s"}),
        jwks(rsa_jwk(WEAK)),
        jwks(ec_jwk(SMALL) | {"crv": "P-256"}),
        jwks({name: value for name, value in ec_jwk().items() if name != "kid"}),
        jwks(ec_jwk(), ec_jwk(OTHER)),
    ],
)
def test_a_key_set_that_is_not_one_of_strong_public_keys_is_refused(keys: bytes) -> None:
    with pytest.raises(Malformed):
        read_jwks(keys)


async def test_tokens_and_clients_are_on_the_ledger(door: Door) -> None:
    await door.ask(door.assertion())
    kinds = [row[1] for row in await door.scene.rows(LedgerEntry.id, LedgerEntry.kind)]
    assert {"client.added", "client.token"} <= set(kinds)


def test_what_is_granted_is_within_both() -> None:
    assert scopes.granted(["system/*.rs"], ["system/Task.cru"]) == ("system/Task.r",)
    assert scopes.granted(["system/Task.cruds"], ["system/*.rs"]) == ("system/Task.rs",)
    assert scopes.granted(["system/Task.c"], ["system/Task.rs", "system/Consent.c"]) == ()

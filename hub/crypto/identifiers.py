"""Keyed hashes of identifiers: how a member, a token or a repeated request is found but not stored.

Rules kept here:
- Keyed, because a client index number has few enough values to try them all against a plain hash.
- Each kind of identifier has its own domain (BLAKE2b's personalisation), so two kinds never compare.
- Two spellings of one identifier hash alike: normalisation happens here and nowhere else.
- A refusal never quotes its input: it may name a patient.
"""

import hashlib
import re
import unicodedata
from datetime import date

from hub.crypto.keyring import KeyKind, KeyRing
from hub.errors import Malformed

# Positions: the digit 9, seven digits, a letter. The county bulletin leaves out I and S, the CA-MMIS
# keying rule has them; both are accepted, since refusing a true member is the worse error.
_CIN = re.compile(r"9[0-9]{7}[ACDEFGHIMNSTUVWXYZ]")
_DEMO_CIN = re.compile(r"[09][0-9]{7}[ACDEFGHIMNSTUVWXYZ]")
_SUBMISSION_KEY_BYTES = 16
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Letters that Unicode does not take apart into a base letter and an accent.
_UNACCENTED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def hash_cin(ring: KeyRing, cin: str) -> bytes:
    """32 bytes to find a member by client index number. Not validated: any input just is not found."""
    return _hash(ring, KeyKind.IDENTIFIER, b"cin", normal_cin(cin))


def hash_name_born(ring: KeyRing, given: str, family: str, born: str) -> bytes:
    """32 bytes to find a member by name and ISO birth date. Raises `Malformed` for what is neither."""
    return _hash(ring, KeyKind.IDENTIFIER, b"name+dob", normal_name(given), normal_name(family), normal_date(born))


def hash_token(ring: KeyRing, token: str) -> bytes:
    """32 bytes that stand for a bearer token in storage."""
    return _hash(ring, KeyKind.TOKEN, b"token", token)


def hash_email(ring: KeyRing, email: str) -> bytes:
    """32 bytes to find a person by the address they sign in with; spaces around it and case do not count."""
    return _hash(ring, KeyKind.IDENTIFIER, b"email", email.strip().casefold())


def hash_secret(ring: KeyRing, use: str, secret: str) -> bytes:
    """32 bytes that stand for a secret of one use: a session's cookie, a form's token, an invitation."""
    return _hash(ring, KeyKind.TOKEN, b"secret", use, secret)


def hash_idempotency(ring: KeyRing, organization: str, key: str) -> bytes:
    """32 bytes to recognise a repeated request: keys of two organizations never meet."""
    return _hash(ring, KeyKind.IDENTIFIER, b"idempotency", organization, key)


def hash_submission_key(ring: KeyRing, party: str, key: str) -> bytes:
    """16 bytes by which a repeated submission is found: the index over them grows at random places, and two of that
    length never meet either.
    """
    return hash_idempotency(ring, party, key)[:_SUBMISSION_KEY_BYTES]


def valid_cin(text: str, *, demo: bool = False) -> str:
    """The client index number in its normal form (9 characters).

    With `demo` also invented numbers, which begin with 0, pass. Raises `Malformed`.
    """
    cin = normal_cin(text)
    if not (_DEMO_CIN if demo else _CIN).fullmatch(cin):
        raise Malformed("A CIN is a 9, seven digits and a letter.", code="malformed-cin", field="cin")
    return cin


def normal_cin(text: str) -> str:
    """Upper case, no spaces."""
    return "".join(text.split()).upper()


def normal_name(text: str) -> str:
    """Letters and digits only, casefolded, without accents. Raises `Malformed` if nothing is left."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_UNACCENTED)
    name = "".join(c for c in unicodedata.normalize("NFKD", folded) if c.isalnum())
    if not name:
        raise Malformed("A name needs at least one letter.", code="malformed-name", field="name")
    return name


def normal_date(text: str) -> str:
    """A calendar date as YYYY-MM-DD. Raises `Malformed`."""
    try:
        if _DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        pass  # answered below, without the input that the standard library's message quotes
    raise Malformed("A birth date is written YYYY-MM-DD.", code="malformed-date", field="born")


def _hash(ring: KeyRing, kind: KeyKind, domain: bytes, *parts: str) -> bytes:
    digest = hashlib.blake2b(digest_size=32, key=ring.active(kind).secret, person=b"p2h:" + domain)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        # The length keeps ("ab", "c") apart from ("a", "bc").
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()

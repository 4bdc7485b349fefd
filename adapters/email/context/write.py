"""Writes a context: the header line, and the part it names. Both go inside the protected message only."""

import binascii

from adapters.email.context.model import PATIENT_FIELDS, Context
from adapters.email.context.read import HEADER

_UNSAFE = str.maketrans({"\r": " ", "\n": " ", ";": ","})
"""A value cannot write a line or a field of its own; the format knows no escape."""


def context_header(context: Context, domain: str) -> str:
    """The header line, ending CRLF."""
    return f"{HEADER}: <{_content_id(context, domain)}>\r\n"


def context_part(context: Context, domain: str) -> bytes:
    """The part for the message's multipart/mixed, without a boundary. Raises `ValueError` as `context_text`."""
    text = binascii.b2a_qp(context_text(context).encode(), istext=True).replace(b"\r\n", b"\n")
    head = (
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        f"Content-ID: <{_content_id(context, domain)}>\r\n"
        'Content-Disposition: attachment; filename="metadata.txt"\r\n\r\n'
    )
    return head.encode("ascii") + text.replace(b"\n", b"\r\n")


def context_text(context: Context) -> str:
    """metadata.txt, lines ending with a line feed. Raises `ValueError` for an unknown patient field."""
    unknown = context.patient.keys() - set(PATIENT_FIELDS)
    if unknown:
        raise ValueError(len(unknown))
    patient = "; ".join(
        f"{name}={_safe(context.patient[name])}" for name in PATIENT_FIELDS if context.patient.get(name)
    )
    lines = {
        "version": context.version,
        "id": context.id,
        "patient-id": "; ".join(f"{each.system}:{_safe(each.value)}" for each in context.patient_ids),
        "type": f"{context.category}/{context.action}" if context.category else "",
        "purpose": context.purpose,
        "patient": patient,
        "encapsulation": context.encapsulation,
        **(context.event if context.version != "1.0" else {}),
        **context.other,
    }
    kept = {name: value.strip() for name, value in lines.items() if value.strip()}
    # In `patient` and `patient-id` a semicolon parts the fields; elsewhere only a line break could do harm.
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in kept.items())


def _safe(value: str) -> str:
    return value.translate(_UNSAFE)


def _content_id(context: Context, domain: str) -> str:
    return f"context-{binascii.crc32(context.id.encode()):08x}@{domain}"

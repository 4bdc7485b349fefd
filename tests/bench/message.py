"""The message that every benchmark moves: a FHIR bundle of 10 KiB, and the county around it."""

import msgspec

SIZE = 10 * 1024
CLINICS = tuple(f"clinic-{number}" for number in range(8))
"""A county's traffic is spread over many partners; to a single one the hub keeps few deliveries under way."""


def bundle() -> bytes:
    """A message bundle of exactly `SIZE` bytes, of observations with text."""
    entries = []
    while True:
        number = len(entries)
        text = f"Observation {number}: attendance recorded, next appointment confirmed with the receiving clinic."
        resource = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "note": [{"text": text}]}
        entries.append({"resource": resource})
        raw = msgspec.json.encode({"resourceType": "Bundle", "type": "message", "entry": entries})
        if len(raw) > SIZE - 250:
            return raw[:-1] + b" " * (SIZE - len(raw)) + b"}"


def multipart(member: str, recipient: str) -> tuple[bytes, str]:
    """A submission of the bundle, and its content type."""
    manifest = msgspec.json.encode({
        "kind": "status_report",
        "member": {"id": member},
        "purpose": "treatment",
        "recipients": [{"organization": recipient}],
        "items": [{"document": "bundle", "title": "Status report", "information": "summary"}],
    })  # fmt: skip
    boundary = "part2hub-bench"
    parts = [(b"manifest", b"application/json", manifest), (b"bundle", b"application/fhir+json", bundle())]
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\nContent-Type: %b\r\n\r\n%b\r\n'
        % (boundary.encode(), name, name, kind, content)
        for name, kind, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"

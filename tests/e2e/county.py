"""A small invented county for the end-to-end runs, as an operator writes it, and the packets handed in there."""

from typing import Any

NORA = "01234567A"
OTIS = "01234568C"
"""On file, without any consent."""
INES = "01234569D"
"""Another program's patient, of whom Harbor House knows nothing."""
_PROVIDER = ["provider", "covered_entity"]
_VERIFIED = {"verified_at": "2026-01-20T18:00:00Z", "verified_by": "directory-desk"}
VALLEY_FAX = "+17075550101"
SECRET = "Dose lowered to forty milligrams after the visit"
COUNSELING = "What was said in the session stays in the session"


def county(plan_port: int) -> dict[str, Any]:
    """A program, a clinic by mail, two plans by API, a clinic by fax; the plans answer on `plan_port`."""
    plan = f"https://localhost:{plan_port}"
    sealed = {"channel": "api", "verify_key": "mcp-ed25519", "tls_ca": "ca", **_VERIFIED}
    return {
        "zone": "America/Los_Angeles",
        "organizations": {
            "harbor": {"name": "Harbor House", "roles": _PROVIDER, "sud_program": "holds_out", "sud_only": True},
            "ferry": {"name": "Ferry Street", "roles": _PROVIDER, "sud_program": "holds_out", "sud_only": True},
            "lantern": {"name": "Lantern Clinic", "roles": _PROVIDER},
            "sunrise": {"name": "Sunrise Plan", "roles": ["covered_entity", "health_plan"]},
            "greenleaf": {"name": "Greenleaf Plan", "roles": ["covered_entity", "health_plan"]},
            "valley-clinic": {"name": "Valley Clinic", "roles": _PROVIDER},
        },
        "endpoints": {
            "lantern-mail": {
                "organization": "lantern",
                "channel": "email",
                "address": "intake@clinic.example",
                "certificate": "clinic-mail",
                **_VERIFIED,
            },
            "sunrise-api": {
                "organization": "sunrise",
                "address": f"{plan}/envelopes",
                "form": "sealed",
                "seal_key": "mcp-x25519",
                **sealed,
            },
            "greenleaf-api": {"organization": "greenleaf", "address": f"{plan}/fhir", "form": "fhir", **sealed},
            "valley-fax": {"organization": "valley-clinic", "channel": "fax", "address": VALLEY_FAX, **_VERIFIED},
        },
        "members": {
            "m01": {
                "given": "Nora",
                "family": "Quill",
                "born": "1988-04-11",
                "cin": NORA,
                "programs": ["harbor"],
                "treating_providers": ["lantern", "valley-clinic"],
                "plans": ["sunrise", "greenleaf"],
            },
            "m02": {"given": "Otis", "family": "Farrow", "born": "1979-09-30", "cin": OTIS, "programs": ["harbor"]},
            "m03": {"given": "Ines", "family": "Marlow", "born": "1991-02-17", "cin": INES, "programs": ["ferry"]},
        },
        "consents": {
            "c01": {
                "member": "m01",
                "kind": "specific",
                "patient": "the-patient",
                "discloser": ["harbor"],
                "information": ["complete_record"],
                "recipients": ["lantern", "sunrise", "greenleaf", "valley-clinic"],
                "states_redisclosure_rule": True,
                "purposes": ["treatment"],
                "states_right_to_revoke": True,
                "states_how_to_revoke": True,
                "expires": "2099-12-31",
                "signed_by": ["the-patient"],
                "signature": "handwritten",
                "signed_on": "2026-01-15",
                "states_redisclosure_risk": True,
                "states_refusal_consequences": True,
            }
        },
    }


def packet(*recipients: str, cin: str = NORA, counseling: bool = False) -> dict[str, Any]:
    """A manifest with a summary, and a counseling note if asked."""
    items = [{"document": "summary", "title": "Discharge summary", "information": "summary"}]
    if counseling:
        items.append({"document": "note", "title": "Session note", "information": "counseling_notes"})
    return {
        "kind": "referral_packet",
        "member": {"cin": cin},
        "purpose": "treatment",
        "recipients": [{"organization": recipient} for recipient in recipients],
        "items": items,
    }

"""Exactly which duties come with what goes and what stays (FORMAT.md section 10): these, and no others."""

import pytest

from tests.unit.policies.meridian import answer

TPO = {"consents": {"intake": {"like": "tpo"}}}
RECORD = {"minimum_necessary", "verify_identity", "proceedings_label"}
CONSENTED = RECORD | {"notice", "consent_copy"}
OTHER = {"packet": {"note": {"identifies": "person", "information": "medical"}}}
NOBODY = {"packet": {"counts": {"identifies": "nobody"}}}
SPOKEN = {"consents": {"intake": {"like": "tpo", "revoked": [{"at": "2026-02-20T09:00:00-08:00", "how": "oral"}]}}}
LATER = {"consents": {"intake": {"like": "tpo", "signed_on": "2026-03-02", "signed_at": "2026-03-02T11:00:00-08:00"}}}


@pytest.mark.parametrize(
    ("asked", "facts", "duties"),
    [
        (("harbor", "public-health", "public_health"), NOBODY, set()),
        (("mhp", "st-brigid", "treatment"), OTHER, {"verify_identity"}),
        (("mhp", "sunrise", "payment"), OTHER, {"verify_identity", "minimum_necessary"}),
        (("harbor", "valley-clinic", "treatment"), TPO, CONSENTED | {"accounting"}),
        (("harbor", "valley-clinic", "treatment"), TPO | {"by": "fax"}, CONSENTED),
        (("harbor", "the-patient", "patient_access"), {}, {"verify_identity", "proceedings_label"}),
        (("harbor", "harbor-counselor", "treatment"), {}, {"minimum_necessary"}),
        (
            ("harbor", "chartwell", "operations"),
            {"agreements": ["harbor-chartwell"]},
            {"minimum_necessary", "verify_identity", "agreement_on_file"},
        ),
        (("harbor", "st-brigid-ed", "treatment"), {"emergency": {}}, RECORD | {"emergency_record"}),
        (("harbor", "valley-clinic", "treatment"), {}, {"generic_refusal"}),
        (("harbor", "valley-clinic", "treatment"), SPOKEN, {"generic_refusal", "written_revocation"}),
        (
            ("harbor", "valley-clinic", "treatment"),
            SPOKEN | {"packet": {"it": {"source": "unknown"}}},
            {"generic_refusal"},
        ),
        (("harbor", "valley-clinic", "treatment"), LATER, {"generic_refusal", "breach_assessment"}),
    ],
)
def test_these_duties_and_no_others(asked, facts, duties):
    assert answer(*asked, **facts).obligations == duties


@pytest.mark.parametrize(("emergency", "asked"), [({}, True), (None, False)])
def test_only_a_limit_that_gave_way_is_asked_to_be_kept_by_the_recipient(emergency, asked):
    limited = {"restrictions": [{}], **TPO} | ({"emergency": emergency} if emergency is not None else {})
    decision = answer("harbor", "st-brigid-ed", "treatment", relationship="treating", **limited)
    assert ("no_further_use_request" in decision.obligations) is asked
    unlimited = answer("harbor", "st-brigid-ed", "treatment", emergency={})
    assert "no_further_use_request" not in unlimited.obligations
    elsewhere = {"restrictions": [{"against": ["sunrise"]}], "emergency": {}}
    assert "no_further_use_request" not in answer("harbor", "st-brigid-ed", "treatment", **elsewhere).obligations

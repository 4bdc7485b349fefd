"""What a document may be by its name: a suggestion, and none where the name says nothing."""

import pytest

from hub.desk.guesses import guess
from policies.vocabulary import CLASSES


@pytest.mark.parametrize(
    ("name", "information"),
    [
        ("ASAM_2026-03.pdf", "assessment"),
        ("Treatment plan.pdf", "treatment_plan"),
        ("med-list.tif", "medications"),
        ("UDS results.pdf", "tests"),
        ("Resumen de alta.pdf", "summary"),
        ("evaluación.pdf", "assessment"),
        ("Transition of Care Tool.pdf", "summary"),
        ("Session-notes ASAM.pdf", "counseling_notes"),
        ("counseling notes, treatment plan.pdf", "counseling_notes"),
        ("scan0001.pdf", ""),
        ("", ""),
    ],
)
def test_a_name_suggests_a_class_and_notes_kept_apart_come_first(name: str, information: str) -> None:
    assert guess(name) == information
    assert information in CLASSES | {""}

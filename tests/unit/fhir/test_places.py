"""References inside a bundle: resolved as FHIR R4 says, never to what could be another person's."""

import pytest

from hub.fhir.places import Places

HERE, THERE = "https://a.example/fhir", "https://b.example/fhir"


def patient(name: str, **more: object) -> dict[str, object]:
    return {"resourceType": "Patient", "id": name, **more}


def test_a_relative_reference_is_read_against_the_base_of_who_refers() -> None:
    one, other = patient("1"), patient("1")
    stay = {"resourceType": "Encounter", "id": "9"}
    places = Places(
        [(f"{HERE}/Patient/1", one), (f"{THERE}/Patient/1", other), (f"{THERE}/Encounter/9", stay)],
    )
    assert places.at({"reference": "Patient/1"}, stay) is other


def test_one_that_could_mean_two_patients_means_neither() -> None:
    one, other = patient("1"), patient("1")
    header = {"resourceType": "MessageHeader"}
    places = Places([("urn:uuid:h", header), (f"{HERE}/Patient/1", one), (f"{THERE}/Patient/1", other)])
    assert places.at({"reference": "Patient/1"}, header) is None


@pytest.mark.parametrize(
    ("url", "own", "reference"),
    [
        ("urn:uuid:1", "7", "urn:uuid:1"),
        ("urn:uuid:1", "7", "Patient/7"),
        ("urn:oid:1.2.3", "7", "urn:oid:1.2.3"),
        (f"{HERE}/Patient/7", "7", f"{HERE}/Patient/7"),
        (f"{HERE}/Patient/7", "7", "Patient/7"),
        (f"{HERE}/Patient/7", "7", "Patient/7/_history/3"),
        ("Patient/7", "7", "Patient/7"),
        (f"{HERE}/Patient/7", "", "Patient/7"),
    ],
)
def test_each_form_of_an_address_is_found(url: str, own: str, reference: str) -> None:
    found = {"resourceType": "Patient"} | ({"id": own} if own else {})
    header = {"resourceType": "MessageHeader"}
    assert Places([("urn:uuid:h", header), (url, found)]).at({"reference": reference}, header) is found


@pytest.mark.parametrize(
    "reference",
    [None, {}, {"reference": 7}, {"reference": ""}, {"reference": f"{THERE}/Patient/7"}, {"reference": "Group/7"}, "x"],
)
def test_what_is_not_there_is_not_there(reference: object) -> None:
    header = {"resourceType": "MessageHeader"}
    assert Places([("urn:uuid:h", header), ("urn:uuid:p", patient("7"))]).at(reference, header) is None


def test_what_is_contained_is_its_owners_alone() -> None:
    inside = patient("p")
    owner = {"resourceType": "Encounter", "contained": [inside]}
    other = {"resourceType": "Encounter"}
    places = Places([("urn:uuid:1", owner), ("urn:uuid:2", other)])
    assert places.at({"reference": "#p"}, owner) is inside
    assert places.at({"reference": "#p"}, other) is None

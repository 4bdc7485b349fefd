"""When the law changes: a second edition is rules and a day, and what was decided before keeps its own.

The edition of these tests is invented: from 2027 on emergency disclosures need no determination, nothing need be
necessary, and nothing goes by fax.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from policies import rules
from policies.choices import read_choices
from policies.explain import explain
from policies.facts import Kind
from policies.findings import NOTHING, Permit, Permitting, Prohibiting
from policies.kernel import decide
from policies.remedies import remedies
from policies.rules import FIRST, amended, chosen, in_force, named
from tests.unit.policies.meridian import WORLD, ask

RECORDS = frozenset({Kind.RECORD})
ANYBODY = Permit("emergency", ("2.51",))


def any_emergency(_facts):
    return lambda _: ANYBODY


def no_fax(facts):
    return (lambda _matter, _permit: ("notice.missing",)) if facts.request.by == "fax" else None


LATER = amended(
    FIRST,
    "test 2027",
    date(2027, 1, 1),
    (
        Permitting("emergency", "2.51", Kind.RECORD, any_emergency, needs="emergency"),
        Permitting("newcomer", "2.99", Kind.RECORD, lambda _: lambda _: NOTHING),
        Prohibiting("no_fax", "2.98", RECORDS, no_fax),
    ),
    without=frozenset({"necessity"}),
)
EVE, NEW_YEAR = datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC)
CLAIMED = {"determined_by": "software", "nature": "overdose"}
TPO = {"intake": {"like": "tpo"}}


@pytest.fixture
def two_editions(monkeypatch):
    monkeypatch.setattr(rules, "EDITIONS", (FIRST, LATER))


def at(moment, **facts):
    request = replace(ask(recipient="st-brigid-ed", **facts), at=moment)
    return request, decide(request, in_force(moment, WORLD.zone))


@pytest.mark.usefixtures("two_editions")
def test_an_edition_begins_at_midnight_in_the_county():
    before, after = (in_force(moment, WORLD.zone).edition for moment in (EVE, NEW_YEAR))
    assert (before, after) == ("89 FR 12472", "test 2027")
    assert in_force(datetime(1990, 1, 1, tzinfo=UTC), WORLD.zone) is FIRST


@pytest.mark.usefixtures("two_editions")
def test_each_day_is_decided_under_its_own_rules_and_the_decision_names_them():
    for facts, outcomes in (
        ({"emergency": CLAIMED}, ("deny", "permit")),
        ({"packet": {"a": {"needed": False}}, "consents": TPO, "relationship": "treating"}, ("deny", "permit")),
        ({"consents": TPO, "relationship": "treating", "by": "fax"}, ("permit", "deny")),
    ):
        decisions = [at(moment, **facts)[1] for moment in (EVE, NEW_YEAR)]
        assert tuple(decision.outcome for decision in decisions) == outcomes
        assert [decision.edition for decision in decisions] == ["89 FR 12472", "test 2027"]


@pytest.mark.usefixtures("two_editions")
def test_an_old_decision_is_explained_under_its_own_edition_and_mended_under_todays():
    request, decision = at(EVE, packet={"a": {"needed": False}}, consents=TPO, relationship="treating")
    (own,) = explain(request, decision, "en", named(decision.edition))
    assert "§2.13(a)" in own.text
    assert remedies(request, decision, "en", named(decision.edition)) == ()
    assert decide(request, in_force(NEW_YEAR, WORLD.zone)).outcome == "permit"


@pytest.mark.usefixtures("two_editions")
@pytest.mark.parametrize("choices", ["", "D1=permit,D4=permit"])
def test_an_edition_and_the_choices_of_its_day_are_found_again_by_name(choices):
    for moment, book in ((EVE, FIRST), (NEW_YEAR, LATER)):
        now = in_force(moment, WORLD.zone, read_choices(choices))
        found = named(decide(replace(ask(), at=moment), now).edition)
        assert found is now
        assert (found.permitting, str(found.choices)) == (book.permitting, choices)
    with pytest.raises(KeyError):
        named("52 FR 21796")


def test_a_rule_that_is_replaced_keeps_its_place_and_a_new_one_comes_last():
    ranks = {rule.name: rule.rank for rule in LATER.permitting}
    assert ranks["emergency"] == next(rule.rank for rule in FIRST.permitting if rule.name == "emergency")
    assert max(ranks, key=lambda name: ranks[name]) == "newcomer"
    assert len(set(ranks.values())) == len(ranks)


def test_what_is_not_amended_stays():
    rest = {rule.name for rule in LATER.permitting + LATER.prohibiting} - {"newcomer", "no_fax"}
    assert rest == {rule.name for rule in FIRST.permitting + FIRST.prohibiting} - {"necessity"}
    assert LATER.closing is FIRST.closing
    assert amended(FIRST, "another", date(2027, 1, 1), closing=lambda _f, _m: NOTHING).closing is not FIRST.closing


@pytest.mark.parametrize(("edition", "day"), [("a; b", date(2027, 1, 1)), ("test", FIRST.effective)])
def test_an_edition_has_a_plain_name_and_follows_the_one_before(edition, day):
    with pytest.raises(ValueError, match="plain name and follow 89 FR 12472"):
        amended(FIRST, edition, day)


def test_choices_are_kept_from_one_edition_to_the_next():
    careful = chosen(read_choices("D2=written"))
    assert amended(careful, "test", date(2027, 1, 1)).choices == careful.choices


# -- the kernel under whatever rules there are -----------------------------------------------------------------------


def test_a_permission_found_first_does_not_spare_the_rest_from_being_run():
    def broken(_matter):
        raise RuntimeError

    request = ask(consents=TPO)
    last = Permitting("broken", "test", Kind.RECORD, lambda _: broken)
    decision = decide(request, amended(FIRST, "test", date(2027, 1, 1), (last,)))
    assert decide(request).outcome == "permit"
    assert (decision.outcome, decision.hold, decision.failed) == ("deny", True, ("broken",))


@pytest.mark.parametrize(
    ("discloser", "packet"),
    [("the-patient", {"record": {}}), ("va-clinic", {"record": {}})],
)
def test_what_is_for_another_law_to_decide_is_not_released_here(discloser, packet):
    decision = decide(ask(discloser, packet=packet))
    assert (decision.outcome, decision.released) == ("not_applicable", ())

"""What the pages say: every text in every language, and every text that a template asks for."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import msgspec
import pytest

from adapters.email.reasons import REASONS
from hub.bases.manifests import FORMS, Bases
from hub.outside.rows import Told
from hub.waiting.items import CLOSING
from hub.web.pages import arrived, terms, times
from hub.web.pages.render import TEMPLATES
from hub.web.pages.words import LANGUAGES, language_of, words
from policies.vocabulary import ROLES

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HOUR, DAY = 3_600_000_000, 86_400_000_000
FRIDAY_NOON = 1_772_827_200_000_000
"""2026-03-06 12:00 in Los Angeles."""
ADAPTERS = Path(__file__).parents[3] / "adapters"
HUB = Path(__file__).parents[3] / "hub"
SOURCES = [path for folder in TEMPLATES for path in (*folder.glob("*.html"), *folder.parent.glob("*.py"))]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_the_same_things() -> None:
    english = words("en")
    for language in LANGUAGES:
        assert words(language).keys() == english.keys()
        for key, text in words(language).items():
            assert text.strip(), key
            assert fields(text) == fields(english[key]), key


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_what_a_page_says_there_is(path: Path) -> None:
    asked = re.findall(r"""say\(["']([a-z_.]+)["'][,)]""", path.read_text())
    assert [key for key in asked if key not in words("en")] == []


def codes_in(*folders: str) -> set[str]:
    """The codes that files under these folders write."""
    text = "".join(path.read_text() for folder in folders for path in (ADAPTERS / folder).rglob("*.py"))
    return {code for found in re.findall(CODE, text) for code in found if code}


CODE = r"""\bcode ?= ?"([a-z0-9.-]+)"|review\.append\("([a-z.]+)"|else "(purpose\.[a-z]+)\""""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_mail_that_waits_has_a_sentence_of_its_own(language: str) -> None:
    folders = ("email/context", "email/xdm", "email/intake")
    codes = REASONS.keys() | codes_in(*folders) | {"notice.unproved", "context-purpose", "context-encapsulation"}
    assert {"person.several", "xdm-hash", "context-missing", "mail-parts"} <= codes
    unnamed = words(language)["inbound_family.other"].partition("{")[0]
    assert [code for code in codes if arrived.why(language, code)[0].startswith(unnamed)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_message_that_waits_has_a_sentence_of_its_own(language: str) -> None:
    families = "label|modifier|patient|document|resource|encounter|referral|retraction|update|member|recipient"
    text = "".join(path.read_text() for folder in ("fhir", "inbound") for path in (HUB / folder).rglob("*.py"))
    codes = set(re.findall(rf'"((?:{families})\.[a-z-]+)"', text))
    assert {"referral.ended", "document.unclassed", "update.no-news", "label.very-restricted"} <= codes
    unnamed = words(language)["inbound_family.other"].partition("{")[0]
    assert [code for code in codes if arrived.why(language, code)[0].startswith(unnamed)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_end_of_a_delivery_by_mail_or_fax_is_said_in_words(language: str) -> None:
    folders = ("email", "fax", "pickup")
    notices = {"mdn-failed", "dsn-failed", "mdn-dispatched", "dsn-delivered", "mdn-timed-out-processed"}
    codes = codes_in(*folders) | notices | {"smtp-550", "smtp-tls", "fax-busy"}
    assert {"fax-auth", "endpoint-unusable", "too-many-pages"} <= codes
    assert [code for code in codes if terms.reason_word(language, code, "") == code] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_close_what_came_in_is_said_in_words(language: str) -> None:
    assert [each for each in CLOSING if f"resolution.{each}" not in words(language)] == []
    assert [each for each in CLOSING if f"inbound_code.{each}" not in words(language)] == []


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [("es", "en", "es"), ("", "es-MX,es;q=0.9,en;q=0.8", "es"), ("fr", "de", "en"), ("", "", "en")],
)
def test_the_language_is_the_one_asked_for_or_the_browsers_first_that_there_is(
    asked: str, accepted: str, language: str
) -> None:
    assert language_of(asked, accepted) == language


@pytest.mark.parametrize(
    ("due", "state", "text"),
    [
        (3 * HOUR + 20 * 60_000_000, "soon", "due in 3 h 20 min, Fri 3:20 pm"),
        (30 * HOUR, "running", "due in 1 d 6 h, Sat 6:00 pm"),
        (60 * DAY, "running", "due in 60 d, May 5, 2026"),
        (-2 * HOUR, "missed", "2 h 0 min late"),
    ],
)
def test_a_clock_says_what_is_left_and_when_that_is(due: int, state: str, text: str) -> None:
    left = times.left(FRIDAY_NOON - HOUR, FRIDAY_NOON + due, FRIDAY_NOON, LOS_ANGELES, "en")
    assert (left.state, left.text) == (state, text)


def test_a_clock_that_was_closed_in_time_is_met_and_one_closed_late_missed() -> None:
    assert times.left(0, 10, 20, LOS_ANGELES, "en", closed=10).state == "met"
    assert times.left(0, 10, 20, LOS_ANGELES, "en", closed=11).state == "missed"


def test_instants_are_written_as_people_do_with_the_zone() -> None:
    assert times.moment(FRIDAY_NOON, LOS_ANGELES, "en") == "Mar 6, 2026, 12:00 pm PST"
    assert times.moment(FRIDAY_NOON, LOS_ANGELES, "es") == "6 mar 2026, 12:00 PST"


def test_a_day_of_the_county_begins_and_ends_at_its_own_midnight() -> None:
    begins, ends = times.start_of("2026-03-08", LOS_ANGELES), times.end_of("2026-03-08", LOS_ANGELES)
    assert ends - begins == 23 * HOUR


def test_no_part_of_a_page_brings_its_own_live_region():
    """One that comes with its words is not heard: the layout's is there before them."""
    live = re.compile(r'role="status"|aria-live|aria-atomic')
    found = {path.name for folder in TEMPLATES for path in folder.glob("*.html") if live.search(path.read_text())}
    assert found == {"layout.html"}


def forms() -> list[tuple[str, msgspec.inspect.StructType]]:
    """What may be stated, form by form; of several findings, one."""
    fields = {field.name: field.type for field in msgspec.inspect.type_info(Bases).fields}
    found = [(name, next(iter(parts(fields[name])))) for name in FORMS]
    return [*found, ("outside", msgspec.inspect.type_info(Told))]


def parts(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """The structs and literals that a field is made of."""
    match kind:
        case msgspec.inspect.UnionType():
            for each in kind.types:
                yield from parts(each)
        case msgspec.inspect.VarTupleType():
            yield from parts(kind.item_type)
        case msgspec.inspect.StructType() | msgspec.inspect.LiteralType():
            yield kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_and_fixed_word_of_what_is_stated_is_said_in_words(language: str) -> None:
    known, unsaid = words(language), []
    for kind, form in forms():
        unsaid += [kind] if f"evidence.{kind}" not in known else []
        for field in form.fields:
            inner = [each for each in parts(field.type) if isinstance(each, msgspec.inspect.StructType)]
            names = [one.name for each in inner for one in each.fields] or [field.name]
            told = ({f"evidence_field.{kind}.{name}", f"evidence_field.any.{name}"} for name in names)
            unsaid += [f"{kind}.{field.name}" for keys in told if not keys & known.keys()]
            literals = [each for each in parts(field.type) if isinstance(each, msgspec.inspect.LiteralType)]
            values = [str(value).replace(".", "-") for each in literals for value in each.values]
            unsaid += [key for each in values if (key := f"evidence_value.{kind}.{field.name}.{each}") not in known]
    assert unsaid == []
    assert {f"evidence.{kind}.document" for kind in ("order", "demand")} <= known.keys()
    assert {f"evidence_value.outside.roles.{each}" for each in ROLES} <= known.keys()


def test_an_english_word_of_the_evidence_does_not_stand_on_the_spanish_page() -> None:
    same = {key for key, text in words("en").items() if key.startswith("evidence_") and words("es")[key] == text}
    assert same == {
        *(f"evidence_value.order.section.2-6{n}" for n in (4, 5, 6)),
        "evidence_value.research.requirement.hipaa",
    }

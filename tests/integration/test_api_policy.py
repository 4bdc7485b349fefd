"""Cases asked over HTTP are answered as on the command line; a case that is not understood is named."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.casebook.yamltext import Loader
from tests.api import Answer, Api, Caller, an_api
from tests.hubs import a_hub

LIBRARY = Path(__file__).parents[1] / "cases"
CHECK = "/v1/policy/check"
YAML = {"Content-Type": "application/yaml"}


def read(name: str) -> Any:
    return yaml.load((LIBRARY / name).read_text(encoding="utf-8"), Loader)


CAST, TEMPLATES = read("cast.yaml"), read("templates.yaml")
CASES = read("cases/packets-and-minimum-necessary.yaml")


def body(*cases: Any, **more: Any) -> dict[str, Any]:
    return {"cast": CAST, "templates": TEMPLATES, "cases": list(cases), **more}


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def staff(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


async def in_yaml(caller: Caller, text: str | bytes, path: str = CHECK, **headers: str) -> Answer:
    data = text.encode() if isinstance(text, str) else text
    return await caller("POST", path, data=data, headers=YAML | headers)


async def test_a_list_of_cases_is_answered_as_the_command_line_answers_it(staff: Caller, tmp_path: Path) -> None:
    (tmp_path / "asked.json").write_text(json.dumps(body(*CASES)))
    command = [sys.executable, "-m", "hub", "policy", "check", "--json", str(tmp_path / "asked.json")]
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told = (await running.communicate())[0]
    answers = (await staff("POST", CHECK, body(*CASES))).json
    assert answers == [json.loads(line) for line in told.splitlines()]
    assert [answer["case"] for answer in answers] == [case["case"] for case in CASES]
    assert all(answer["agrees"] is True for answer in answers)


async def test_yaml_and_json_lines_say_the_same_as_json(staff: Caller) -> None:
    expected = (await staff("POST", CHECK, body(*CASES[:3]))).json
    answer = await in_yaml(staff, yaml.safe_dump(body(*CASES[:3]), sort_keys=False), Accept="application/jsonl")
    assert answer.headers["Content-Type"].startswith("application/jsonl")
    assert [json.loads(line) for line in answer.body.splitlines()] == expected


async def test_a_question_without_an_expectation_is_explained_in_spanish(staff: Caller) -> None:
    question = {key: CASES[0][key] for key in CASES[0].keys() - {"law", "expect", "confidence", "origin"}}
    (told,) = (await staff("POST", f"{CHECK}?language=es", {**body(), "cases": question})).json
    (english,) = (await staff("POST", CHECK, {**body(), "cases": question})).json
    assert told["agrees"] is None
    assert told["explanation"] != english["explanation"]
    assert (await staff("POST", f"{CHECK}?language=de", body(*CASES))).json["field"] == "language"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"recipient": "nobody-we-know"}, "recipient"),
        ({"at": "tomorrow"}, "at"),
        ({"consents": {"intake": {"like": "tpo", "purposes": ["marketing"]}}}, "intake: purposes"),
        ({"packet": {"record": {"informations": "summary"}}}, "record"),
    ],
)
async def test_a_case_that_is_not_understood_is_refused_with_its_name_and_field(
    staff: Caller, change: dict[str, Any], at: str
) -> None:
    answer = await staff("POST", CHECK, body({**CASES[0], **change}))
    problem = answer.json
    assert (answer.status, problem["code"]) == (400, "malformed-case")
    assert problem["field"] == f"body: {CASES[0]['case']}: {at}"
    assert problem["detail"].startswith(problem["field"])
    assert "marketing" not in problem["field"]


async def test_cases_without_a_cast_speak_of_nobody(staff: Caller) -> None:
    answer = await staff("POST", CHECK, CASES)
    assert (answer.status, answer.json["code"]) == (400, "malformed-case")
    assert "no cast" in answer.json["detail"]


async def test_no_more_is_taken_than_is_answered_in_seconds(staff: Caller) -> None:
    many = [{**CASES[0], "case": f"case-{n}"} for n in range(201)]
    answer = await staff("POST", CHECK, body(*many))
    assert (answer.status, answer.json["field"]) == (413, "cases")
    assert (await in_yaml(staff, b"#" * (512 * 1024 + 1))).status == 413


async def test_a_text_that_unfolds_or_nests_without_end_is_refused(staff: Caller) -> None:
    bomb = "a: &a {x: 1}\n" + "".join(f"b{n}: &b{n} {{<<: [*a, *a]}}\n" for n in range(40))
    for text in (bomb, "[" * 100_000, "{cases: " + "[" * 64 + "]" * 64 + "}"):
        answer = await in_yaml(staff, text)
        assert (answer.status, answer.json["code"]) == (400, "malformed-case")
    deep = await staff("POST", CHECK, data=b"[" * 100_000, headers={"Content-Type": "application/json"})
    assert deep.status == 400


@pytest.mark.parametrize("text", ["a: [", "\x00", "case: x\ncase: y"])
async def test_what_is_no_yaml_is_refused(staff: Caller, text: str) -> None:
    assert (await in_yaml(staff, text)).status == 400


async def test_only_people_ask_and_only_in_the_two_forms(api: Api, staff: Caller) -> None:
    system = await api.caller("harbor", "sender")
    assert (await system("POST", CHECK, body(*CASES))).status == 403
    assert (await api.nobody("POST", CHECK, body(*CASES))).status == 401
    assert (await (await api.caller("county", "compliance"))("POST", CHECK, body(*CASES))).status == 200
    assert (await in_yaml(staff, "x", **{"Content-Type": "text/plain"})).status == 415

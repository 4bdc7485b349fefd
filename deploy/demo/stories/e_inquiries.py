"""(e) A plan asks Alderhaven about a person who signed nothing, and about one who does not exist: the same refusal.

A third question, which a consent covers, is passed on: so the refusal is no answer that everybody gets.
"""

from collections.abc import AsyncIterator
from typing import Any

from deploy.demo import terminal
from deploy.demo.desk import Answer
from deploy.demo.report import Fact, Step
from deploy.demo.rows import cited
from deploy.demo.stage import Stage

ASKS, ASKED = "greenmark", "alderhaven"
SIGNED_NOTHING, COVERED = "m04", "m01"
PURPOSE, WHAT = "operations", "attendance"
NOBODY = "09999999Z"
"""A client index number that no member of the county has."""
CLOSE_S = 0.1
"""How near the two answers must come; both leave at a boundary of a quarter second."""
ROUNDS = 3


async def play(stage: Stage) -> AsyncIterator[Step]:
    terminal.say(f"{stage.name(ASKS)} asks {stage.name(ASKED)} for the attendance of …")
    held_back, nobody = await _fastest(stage, stage.cin(SIGNED_NOTHING), NOBODY)
    for whom, answer in (("who signed nothing", held_back), ("who does not exist", nobody)):
        terminal.say(f"a person {whom}: {answer.status}, {len(answer.body)} bytes, {answer.seconds * 1000:.0f} ms")
    same = held_back.body == nobody.body and _headers(held_back) == _headers(nobody)
    existing = {str(member["cin"]) for member in stage.data["members"].values()}
    why = (await _would(stage, SIGNED_NOTHING))["items"][0]["reasons"]
    yield _refusal(
        stage,
        "a person who signed nothing",
        held_back,
        Fact("in the county", True, stage.cin(SIGNED_NOTHING) in existing),
        Fact(f"why, told to {stage.name(ASKED)}'s own people", ["consent.none"], why),
    )
    yield _refusal(
        stage,
        "a person who does not exist",
        nobody,
        Fact("in the county", False, NOBODY in existing),
        Fact("same bytes and headers as the other refusal", True, same),
        Fact(f"within {CLOSE_S} s of it", True, abs(held_back.seconds - nobody.seconds) < CLOSE_S),
    )
    passed_on = await _ask(stage, stage.cin(COVERED))
    would = await _would(stage, COVERED)
    work = (await stage.desks[ASKED].call("GET", "/v1/work?kind=information_request")).json["items"]
    yield Step(
        story="e",
        step="a question that a consent covers is passed on",
        who=_who(stage),
        what="request about a person whose consent covers it",
        decision="passed on" if passed_on.status == 202 else "refused",
        law=cited(would["items"][0]["laws"]),
        channel="api",
        seconds=passed_on.seconds,
        facts=(
            Fact("answer", 202, passed_on.status),
            Fact("on the program's desk", [passed_on.json.get("id")], [item["reference"] for item in work]),
        ),
    )


async def _fastest(stage: Stage, *cins: str) -> list[Answer]:
    """The fastest answer to each question of some rounds, so that a busy machine is not taken for a difference."""
    rounds = [[await _ask(stage, cin) for cin in cins] for _ in range(ROUNDS)]
    return [min(answers, key=lambda answer: answer.seconds) for answers in zip(*rounds, strict=True)]


async def _ask(stage: Stage, cin: str) -> Answer:
    asking = {"discloser": ASKED, "cin": cin, "purpose": PURPOSE, "information": WHAT}
    return await stage.desks[ASKS].call("POST", "/v1/inquiries", json=asking)


async def _would(stage: Stage, member: str) -> dict[str, Any]:
    """What the program's own people are told when they ask whether they may answer."""
    whether = {"discloser": ASKED, "recipient": ASKS, "cin": stage.cin(member), "purpose": PURPOSE, "items": [WHAT]}
    return (await stage.desks[ASKED].call("POST", "/v1/policy/check", json=whether)).json


def _refusal(stage: Stage, whom: str, answer: Answer, *facts: Fact) -> Step:
    return Step(
        story="e",
        step=f"a neutral refusal about {whom}",
        who=_who(stage),
        what=f"request about {whom}",
        decision="refused" if answer.json.get("code") == "not-available" else f"answered {answer.status}",
        law=cited(["2.13(c)(2)"]),
        channel="api",
        seconds=answer.seconds,
        facts=(Fact("answer", 404, answer.status), Fact("code", "not-available", answer.json.get("code")), *facts),
    )


def _who(stage: Stage) -> str:
    return f"{stage.name(ASKS)} → {stage.name(ASKED)}"


def _headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "Date"}

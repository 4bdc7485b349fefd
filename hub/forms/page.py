"""The on-screen form as plain HTML: no script, one small stylesheet, nothing from elsewhere.

Everything that is not markup passes through `escape`. No person's data stands in a title or an address. The language
goes from page to page in links and forms, never in a cookie: whoever uses this screen next chooses anew.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from hub.errors import Rejected
from hub.forms.own import KINDS, LANGUAGES, Block, Kind, Language, words
from hub.storage.directory import Organization

ADDRESS = "/forms/consent"
Chosen = dict[str, list[str]]


def start(kind: Kind, language: Language) -> str:
    """Who fills in which form for whom."""
    say = words(language).screen
    kinds = [(each, words(language).titles[each]) for each in KINDS if each != "revocation"]
    body = [
        _p(say["intro"]),
        _input(say["token"], "token", kind="password"),
        _input(say["member"], "member"),
        _select(say["kind"], "kind", kinds, kind),
        _hidden({"lang": [language], "step": ["choose"]}),
        _button(say["go_on"]),
    ]
    others = [
        f'<a href="{_address(kind, each)}" lang="{each}">{escape(words(each).screen["language"])}</a>'
        for each in _others(language)
    ]
    return _page(language, words(language).titles[kind], [_nav(others), _form(body)])


def choose(kind: Kind, language: Language, kept: Chosen, organizations: Mapping[str, Organization], own: str) -> str:
    """The form itself, each section as it is printed."""
    say, body = words(language).screen, []
    for section, blocks in words(language).of(kind):
        fields = [each for block in blocks for each in (block, *block.boxes) if each.box or each.text]
        inside = _inside(section.law, fields, language, organizations, own)
        if inside:
            law = f" <small>42 CFR {escape(section.law)}</small>" if section.law else ""
            body.append(f"<fieldset><legend>{escape(section.head)}{law}</legend>{''.join(inside)}</fieldset>")
    body += [_hidden(kept | {"step": ["read"]}), _button(say["read"])]
    return _page(language, words(language).titles[kind], [_turn(language, kept, "choose"), _form(body)])


def read(
    kind: Kind, language: Language, kept: Chosen, found: Mapping[str, Any], signers: Iterable[str], problem: str = ""
) -> str:
    """What it would permit, read before signing; then the signature."""
    say = words(language).screen
    lacks = [f"{each['says'][language]} {each['do'][language]} ({each['law']})" for each in found["lacks"]]
    statements = [
        block.text
        for section, blocks in words(language).of(kind)
        for block in blocks
        if block.text and section.law is None and (block.law or block.field is None)
    ]
    body = [_turn(language, kept, "read"), *([_alert(problem)] if problem else [])]
    if lacks:
        body += [_head(say["lacks"]), _list(lacks), _p(say["back"])]
        return _page(language, words(language).titles[kind], body)
    people = [("the-patient", say["the_patient"]), *((each, each) for each in signers)]
    body += [
        _head(say["effect"]),
        f'<p class="effect">{escape(found["reads"][language])}</p>',
        _p(say["back"]),
        _head(say["statements"]),
        _list(statements),
        _form([
            _select(say["signer"], "signer", people, "the-patient"),
            _input(say["typed"], "typed"),
            _agree(say["agree"]),
            _hidden(kept | {"step": ["sign"]}),
            _button(say["sign"]),
        ]),
    ]  # fmt: skip
    return _page(language, words(language).titles[kind], body)


def done(kind: Kind, language: Language, consent: str) -> str:
    """What was recorded, by its id."""
    say = words(language).screen
    return _page(
        language, say["done"], [_p(say["next"]), f"<p><code>{escape(consent)}</code></p>", _again(kind, language)]
    )


def refused(kind: Kind, language: Language, error: Rejected) -> str:
    """Why it cannot go on, in fixed words for its kind of error."""
    say = words(language).screen
    problem = next(say[each.code] for each in type(error).mro() if issubclass(each, Rejected) and each.code in say)
    return _page(language, say["problem"], [_alert(problem), _p(say["back"]), _again(kind, language)])


def _address(kind: Kind, language: Language) -> str:
    return f"{ADDRESS}?kind={kind}&amp;lang={language}"


def _others(language: Language) -> list[Language]:
    return [each for each in LANGUAGES if each != language]


def _turn(language: Language, kept: Chosen, step: str) -> str:
    """The same page in another language, with what was chosen until now; nothing of it stands in an address."""
    rest = {name: values for name, values in kept.items() if name != "lang"} | {"step": [step]}
    others = [(each, escape(words(each).screen["language"])) for each in _others(language)]
    buttons = [
        f'<button class="link" name="lang" value="{each}" lang="{each}">{name}</button>' for each, name in others
    ]
    return _nav([_form([_hidden(rest), *buttons])])


def _again(kind: Kind, language: Language) -> str:
    return f'<p><a href="{_address(kind, language)}">{escape(words(language).screen["again"])}</a></p>'


def _nav(inside: Iterable[str]) -> str:
    return f"<nav>{' '.join(inside)}</nav>"


def _inside(
    law: str | None,
    fields: list[Block],
    language: Language,
    organizations: Mapping[str, Organization],
    own: str,
) -> list[str]:
    say, named = words(language).screen, sorted((each.name, name) for name, each in organizations.items())
    options = [(name, title) for title, name in named]
    if law == "2.31(a)(2)":
        return [_select(say["choose"], "discloser", options, own)]
    if law == "2.31(a)(4)(i)":
        printed = [_tick(each, "", ticked=True) for each in fields if each.ticked]
        return [*printed, _many(say["also" if printed else "several"], "recipients", options)]
    if law in {"2.31(a)(3)", "2.31(a)(5)"}:
        word = "information" if law == "2.31(a)(3)" else "purposes"
        return [_p(each.text) if each.text else _tick(each, word, ticked=each.ticked) for each in fields]
    if law == "2.31(a)(7)":
        return [_until(each) for each in fields]
    return []


def _tick(block: Block, word: str, *, ticked: bool) -> str:
    value = (block.field or "").removeprefix(f"{word}_")
    state = " checked disabled" if ticked else ""
    name = f' name="{word}" value="{escape(value)}"' if word else ""
    return f'<label class="box"><input type="checkbox"{name}{state}> {escape(block.box or "")}</label>'


def _agree(label: str) -> str:
    return f'<label class="box"><input type="checkbox" name="agree" value="yes" required> {escape(label)}</label>'


def _until(block: Block) -> str:
    value = {"expires_on": "day", "expires_end_of_treatment": "end_of_treatment"}.get(block.field or "", "none")
    day = f' <input type="date" name="until_day" aria-label="{escape(block.box or "")}">' if block.write else ""
    return (
        f'<label class="box"><input type="radio" name="until" value="{value}"> {escape(block.box or "")}{day}</label>'
    )


def _page(language: Language, title: str, body: Iterable[str]) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    style = '<link rel="stylesheet" href="/forms/style.css">'
    inside = f"<main><h1>{escape(title)}</h1>{''.join(body)}</main>"
    return f'<!doctype html><html lang="{language}"><head>{head}{style}</head><body>{inside}</body></html>'


def _form(body: Iterable[str]) -> str:
    return f'<form method="post" action="{ADDRESS}" autocomplete="off">{"".join(body)}</form>'


def _hidden(values: Chosen) -> str:
    pairs = ((name, each) for name, many in values.items() for each in many)
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(each)}">' for name, each in pairs)


def _input(label: str, name: str, kind: str = "text") -> str:
    return f'<label>{escape(label)}<input type="{kind}" name="{name}" maxlength="200" required></label>'


def _select(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str, extra: str = "") -> str:
    shown = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(title)}</option>'
        for value, title in options
    )
    return f'<label>{escape(label)}<select name="{name}"{extra}>{shown}</select></label>'


def _many(label: str, name: str, options: Iterable[tuple[str, str]]) -> str:
    return _select(label, name, options, "", ' multiple size="6"')


def _button(label: str) -> str:
    return f"<button>{escape(label)}</button>"


def _head(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _alert(text: str) -> str:
    return f'<p class="alert" role="alert">{escape(text)}</p>'


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in items) + "</ul>"

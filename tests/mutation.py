"""Mutation testing of `policies/`: one small change at a time, and does any test notice?

    python -m tests.mutation [MODULE ...] [MODULE:LINE ...]

Each mutant runs in a child of its own: first the case library, then, if that still agrees, the sentences of NAMES.
Survivors are printed; `policies/MUTANTS.md` judges each. Texts, tables and the rulebook are left out: what they say
is compared word for word elsewhere.
"""

import ast
import copy
import importlib
import importlib.abc
import importlib.util
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = {"texts", "codes", "rulebook", "vocabulary", "notices", "model", "permit", "explain", "remedies"}
NAMES = (
    "choices",
    "edges",
    "editions",
    "limits",
    "orders",
    "duties",
    "county",
    "counsel",
    "words",
    "readback",
    "second_reading",
    "laws",
)
SENTENCES = [f"tests/unit/policies/test_{name}.py" for name in NAMES]
COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Every mutant of a module: the line, what was changed, and the changed tree."""
    for index, node in enumerate(ast.walk(tree)):
        for number, what in enumerate(changes(node)):
            mutant = copy.deepcopy(tree)
            target = next(other for place, other in enumerate(ast.walk(mutant)) if place == index)
            apply(target, number)
            yield getattr(node, "lineno", 0), what, mutant


def changes(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        return [f"{type(node.ops[0]).__name__} becomes {COMPARED[type(node.ops[0])].__name__}"]
    if isinstance(node, ast.BoolOp):
        return ["and and or change places", *(f"operand {n + 1} is dropped" for n in range(len(node.values)))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not is dropped"]
    if isinstance(node, ast.If | ast.IfExp):
        return ["the condition holds always", "the condition holds never"]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return [f"{node.value} becomes {not node.value}"]
    return []


def apply(node: ast.AST, number: int) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp) and number == 0:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.BoolOp):
        del node.values[number - 1]
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.If | ast.IfExp):
        node.test = ast.Constant(number == 0)
    elif isinstance(node, ast.Constant):
        node.value = not node.value
    ast.fix_missing_locations(node)


class Hook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the mutant in place of the module."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module) -> None:
        exec(compile(ast.fix_missing_locations(self.tree), self.name, "exec"), module.__dict__)


def survives(name: str, tree: ast.Module) -> bool:
    """True if no test notices. The child ends with 0 only if everything agreed."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        for what, limit in ((resource.RLIMIT_CPU, 300), (resource.RLIMIT_AS, 2**32)):
            resource.setrlimit(what, (limit, limit))  # a mutant that never ends has been noticed, too
        out = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.meta_path.insert(0, Hook(name, tree))
        library = importlib.import_module("hub.casebook").read_library(ROOT / "tests" / "cases")
        decide = importlib.import_module("policies.kernel").decide
        differences = importlib.import_module("hub.casebook.verdict").differences
        if any(differences(case, decide(case.request)) for cases in library.values() for case in cases):
            os._exit(1)
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *SENTENCES])))
    except BaseException:  # noqa: BLE001 - whatever goes wrong in a mutant has been noticed
        os._exit(1)


def main(wanted: list[str]) -> int:
    """Run the mutants of the modules or lines named, or of all; print those that survive."""
    if not survives("nothing", ast.Module([], [])):
        print("The tests do not pass as they are; nothing would be learned.")  # noqa: T201
        return 1
    total = alive = 0
    modules = {each.partition(":")[0] for each in wanted}
    for path in sorted((ROOT / "policies").rglob("*.py")):
        place = path.relative_to(ROOT).with_suffix("")
        name = ".".join(place.parts)
        if LEFT_OUT & set(place.parts) or place.name == "__init__" or (wanted and name not in modules):
            continue
        for line, what, tree in mutants(ast.parse(path.read_text(encoding="utf-8"))):
            if wanted and name not in wanted and f"{name}:{line}" not in wanted:
                continue
            total += 1
            if survives(name, tree):
                alive += 1
                print(f"{name}:{line}: {what}", flush=True)  # noqa: T201 - a report on the terminal
    print(f"{total} mutants, {alive} survive")  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

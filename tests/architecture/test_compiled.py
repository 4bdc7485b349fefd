"""What `make compiled` compiles: a module that moves, or begins to declare what others read at run time, is noticed
here, where no compiler is needed.
"""

import ast

import pytest

from deploy.compiled import PATH, ROOT, engine

GIVES_WAY = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
READ_AT_RUN_TIME = {"ABC", "Statement", "Struct"}
MODULES = [*engine(), *(f"{module}.py" for module in PATH)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_compiled_declares_nothing_that_is_read_at_run_time(module):
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    bases = {ast.unparse(base).rpartition(".")[2] for node in ast.walk(tree) for base in getattr(node, "bases", ())}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert bases.isdisjoint(READ_AT_RUN_TIME)
    assert "col" not in called


@pytest.mark.parametrize("module", MODULES)
def test_a_compiled_coroutine_gives_way_to_nobody_while_it_handles_an_error(module):
    """The compiler leaves the error that is being handled with the thread, not with the coroutine: whichever of them
    runs meanwhile may raise it as its own.
    """
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    handling = [each for node in tries for each in (*node.handlers, *node.finalbody)]
    handling += [node for node in ast.walk(tree) if isinstance(node, ast.AsyncWith)]
    assert not [each.lineno for each in handling if any(isinstance(node, GIVES_WAY) for node in ast.walk(each))]


@pytest.mark.parametrize("module", MODULES)
def test_a_compiled_coroutine_deletes_none_of_its_parameters(module):
    """The compiler refuses: to let go of one, another value takes its place."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    coroutines = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    for each in coroutines:
        parameters = {given.arg for given in ast.walk(each.args) if isinstance(given, ast.arg)}
        deleted = [ast.unparse(to) for node in ast.walk(each) if isinstance(node, ast.Delete) for to in node.targets]
        assert parameters.isdisjoint(deleted)

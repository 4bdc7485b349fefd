"""What `make compiled` compiles: a module that moves, or begins to declare what others read at run time, is noticed
here, where no compiler is needed.
"""

import ast

import pytest

from deploy.compiled import PATH, ROOT, engine

READ_AT_RUN_TIME = {"ABC", "Statement", "Struct"}
MODULES = [*engine(), *(f"{module}.py" for module in PATH)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_compiled_declares_nothing_that_is_read_at_run_time(module):
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    bases = {ast.unparse(base).rpartition(".")[2] for node in ast.walk(tree) for base in getattr(node, "bases", ())}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert bases.isdisjoint(READ_AT_RUN_TIME)
    assert "col" not in called

# What people run. Each command sets up what it needs first (deploy/bootstrap); a second run starts at once.

PYTHON := .venv/bin/python
AS_DEPLOYED := PYTHONPYCACHEPREFIX=$(CURDIR)/build/bytecode
FAST   := not slow and not postgres and not redis
# Twice as many test processes as cores, two to four: they wait as long as they work, for lines, mail servers, pages.
# A file's tests stay together; the files that take long (e2e) come first.
SPREAD := -n $(shell cores=$$(nproc); echo $$((cores == 1 ? 2 : 4))) --dist loadfile --no-loadscope-reorder
# Tests and demo start processes by the hundred: compiled modules are kept, where Python looks for them.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo test check chaos bench compiled serve lock clean venv servers

help: ## show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: venv ## play a day in an invented county, then keep serving (ONCE=1: end by itself, write demo-report.json)
	@$(PYTHON) -m deploy.demo $(if $(filter-out 0,$(ONCE)),--once) $(ARGS)

test: venv servers ## every test, against real servers; writes build/conformance.html (ARGS="-k consent" narrows it; -n0: in one process)
	@$(PYTHON) -m pytest $(SPREAD) --conformance=build/conformance.html $(ARGS)

check: venv ## what a commit must pass: format, lint, types, import directions, fast tests
	@.venv/bin/ruff format --check --quiet . || { echo "make check: run .venv/bin/ruff format on these files" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-cache >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@$(PYTHON) -m pytest $(SPREAD) -m "$(FAST)" $(ARGS)

chaos: venv servers ## ten minutes in which every partner misbehaves; the ledger must say what the partners say
	@CHAOS_S=600 $(PYTHON) -m pytest tests/e2e/test_chaos.py -k sqlite $(ARGS)

bench: venv servers ## the goals that can be measured, both sides in one run (ARGS chooses)
	@$(PYTHON) -m tests.bench $(ARGS)

compiled: venv ## policy and exchange path as machine code, a wheel; the fast tests must pass with it; then its speed beside the source's
	@command -v gcc >/dev/null && [ -e "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] \
	  || deploy/bootstrap/packages.sh gcc libc6-dev python3-dev
	@echo "· compiling (about two minutes)"
	@$(PYTHON) -m deploy.compiled
	@$(AS_DEPLOYED) $(PYTHON) -m deploy.bytecode .venv/lib "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
	@$(AS_DEPLOYED) $(PYTHON) -P -m pytest $(SPREAD) -o pythonpath="build/compiled ." -m "$(FAST)" tests/unit tests/contract tests/integration $(ARGS)
	@$(PYTHON) -m tests.bench P3 P1

serve: venv ## the hub in one process on 127.0.0.1:8080, its data in ./data
	@.venv/bin/part2hub serve $(ARGS)

lock: venv ## write the lock files again after a change of dependencies (UPGRADE=1: newest versions)
	@deploy/bootstrap/lock.sh $(if $(filter-out 0,$(UPGRADE)),--upgrade)

clean: ## remove what these commands made; ./data stays
	@rm -rf .venv build dist *.egg-info demo demo-report.json .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@deploy/bootstrap/venv.sh

servers:
	@deploy/bootstrap/servers.sh

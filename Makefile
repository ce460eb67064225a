# What a user and CI call. Each target sets up what it needs; a second call is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# --system-certs: companies that inspect TLS install their own root certificate in the system's store.
UV := $(BIN)/uv --system-certs
# Compiled at installation: start-up is what a user of the command line waits for.
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode
SYNC := $(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes

# A file's tests run one after the other in one process; which file is begun first, tests/plugin.py says.
PYTEST := $(BIN)/pytest -q -n auto --dist loadscope --no-loadscope-reorder

# Where it is set, each process would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo ui lint test test-quick tests coverage databases torture graph bench locale lock audit clean asked

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/uv:
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Drivers that were asked for once, `make ui EXTRAS=postgres,mssql`, are remembered: a change of the lock files would
# remove them otherwise, and did. `EXTRAS=` forgets them.
$(VENV)/.extras: $(BIN)/uv $(if $(filter command% environment%,$(origin EXTRAS)),asked)
	@$(BIN)/python -c 'import sys, tomllib; there = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
		wrong = {*filter(None, sys.argv[1].split(","))} - {*there}; \
		sys.exit(f"There is no extra {min(wrong)}; there are: {chr(32).join(there)}." if wrong else 0)' '$(EXTRAS)'
	@test -e $@ && test "$$(cat $@)" = '$(EXTRAS)' || echo '$(EXTRAS)' >$@

WITH_EXTRAS = extras=$$(cat $(VENV)/.extras); \
	$(INSTALL) $${extras:+--constraint requirements-extras.txt} $$(test -n "$$extras" || echo --no-deps) -e ".$${extras:+[$$extras]}"

$(VENV)/.runtime: $(BIN)/uv requirements.txt requirements-extras.txt pyproject.toml $(VENV)/.extras
	@test -e $(VENV)/.dev || $(SYNC) requirements.txt
	@$(WITH_EXTRAS)
	@touch $@

$(VENV)/.dev: $(BIN)/uv requirements-dev.txt requirements-extras.txt pyproject.toml $(VENV)/.extras
	@$(SYNC) requirements-dev.txt
	@$(WITH_EXTRAS)
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## A made-up farm shop, a local CloudKasse, and whole synchronisations
	@$(BIN)/cloudkasse-etl demo

ui: $(VENV)/.runtime ## The Dagster UI on the demo's data
	@$(BIN)/cloudkasse-etl ui --demo

lint: $(VENV)/.dev ## Format, lint, types, imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

test-quick: PARTS = tests/unit tests/docs tests/contract
test-quick: export TEST_QUICK = 1
test-quick: test ## What takes two minutes of it: lint, and what needs no run of Dagster, with few examples of each law

test: $(VENV)/.dev ## Lint, and all tests; CI runs these, coverage and databases
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@{ $(BIN)/mypy && $(BIN)/lint-imports --no-logo; } >$(VENV)/types.log 2>&1 & types=$$!; \
	$(PYTEST) $(PARTS); tests=$$?; \
	wait $$types || { cat $(VENV)/types.log; exit 1; }; exit $$tests

tests: $(VENV)/.dev ## Some of the tests: make tests PARTS="tests/unit tests/contract"
	@$(PYTEST) $(PARTS)

coverage: $(VENV)/.dev ## Which lines the tests of parts and of the pipeline pass; fails below what pyproject.toml asks for
	@$(PYTEST) --cov=cloudkasse_etl --cov=assets tests/unit tests/contract tests/pipeline

databases: $(VENV)/.dev ## The pipeline's tests once more, the shops and our own tables in a PostgreSQL
	@TEST_DATABASE=postgresql $(PYTEST) tests/pipeline

torture: $(VENV)/.dev ## Try to break every promise at length, and write docs/promises.md
	@$(BIN)/python -m tests.torture

graph: $(VENV)/.dev ## Which room imports which: make graph [BEFORE=<commit>] shows an older state beside it
	@$(BIN)/python -m tests.support.repository.import_graph $(if $(BEFORE),--before $(BEFORE))

$(VENV)/.bench: $(VENV)/.dev requirements-bench.txt
	@test -e $(VENV)/bench || $(PYTHON) -m venv --without-pip $(VENV)/bench
	@$(UV) pip sync --quiet --python $(VENV)/bench/bin/python --compile-bytecode --require-hashes requirements-bench.txt
	@touch $@

bench: $(VENV)/.bench ## Measure us beside others: make bench [FIGURES=1,2] [REPEAT=5] [SCALE=1]
	@$(BIN)/python -m tests.benchmarks --figures "$(FIGURES)" --repeat $(or $(REPEAT),5) --scale $(or $(SCALE),1)

locale: $(VENV)/.dev ## Bring new sentences of the code into the languages' catalogues, to be translated there
	@$(BIN)/python -m tests.support.repository.extraction $(NEW)

lock: $(BIN)/uv ## Resolve the dependencies anew into the lock files
	@$(UV) pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra sandbox pyproject.toml -o requirements.txt
	@$(UV) pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--all-extras -c requirements.txt pyproject.toml -o requirements-extras.txt
	@$(UV) pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group dev --extra sandbox -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(UV) pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group bench -c requirements.txt -o requirements-bench.txt

audit: $(VENV)/.dev ## Look for known holes in the locked dependencies; needs the network
	@out=$$($(BIN)/pip-audit --require-hashes --disable-pip --progress-spinner off --timeout 15 -r requirements.txt 2>&1); \
	if echo "$$out" | grep -q '^Found '; then echo "$$out"; exit 1; fi; \
	if echo "$$out" | grep -q '^No known' && ! echo "$$out" | grep -q 'could not be audited'; then echo "$$out"; \
	else echo "The dependencies were not audited: the service that knows of holes cannot be reached from here."; fi

clean: ## Remove what the targets made
	@rm -rf $(VENV) .demo .dagster build

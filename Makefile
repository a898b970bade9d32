# Everything an engineer does here; `make` alone explains itself. Set-up happens by itself, once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo dev test lint format wheel docs guards canaries audit bench engines chaos slow install-proof lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## Run the whole platform on a made-up organiser and print the result; DIRTY=1: on one with odd records
	$(BIN)/zakaz demo $(if $(DIRTY),--dirty)

dev: $(READY)  ## Keep the sandbox, the local ClickHouse and Dagster running: http://127.0.0.1:3000, health at :8080/healthz
	$(BIN)/zakaz dev

test: $(READY)  ## Run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)  ## Style, types, layers, definitions, settings samples, secrets (the engine parses every SQL file in the tests)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zakaz settings samples --check
	$(BIN)/zakaz datalens glossary --check
	$(BIN)/dg check defs
	$(BIN)/dg list defs --json > /dev/null
	$(BIN)/python -m zakaz_dagster_tests.secret_scan

format: $(READY)  ## Put the code into its one style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(READY)  ## Build the wheel, install it from the locks outside the checkout, and try it there
	.ci/wheel

guards: $(READY)  ## Take each guard out of the code in turn; a test must notice
	$(BIN)/python -m zakaz_dagster_tests.guards

canaries: $(READY)  ## Let vendors and proxies repeat every secret and buyer, then search all that was written
	$(BIN)/python -m pytest -m "" zakaz_dagster_tests/canaries

audit: $(READY)  ## Ask the network for known vulnerabilities of the pinned packages
	$(BIN)/uv tool run pip-audit --disable-pip --require-hashes -r requirements/production.lock -r requirements/local.lock

bench: $(READY)  ## Measure speed and memory, each beside its limit, and write docs/benchmarks.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock \
	  || echo "dlt cannot be installed here; the race is run without it"
	$(BIN)/python -m benchmarks

engines: $(READY)  ## Replay one story on every ClickHouse that is supported: 25.8, 26.1, 26.3 and the newest
	$(BIN)/python -m zakaz_dagster_tests.engines.environments $(ENGINES)
	$(BIN)/python -m pytest zakaz_dagster_tests/engines

chaos: $(READY)  ## Live through weeks in which everything goes wrong: 20 seeds of 8 weeks, or CHAOS="--weeks 2 --seeds 3"
	$(BIN)/python -W ignore -m zakaz_dagster_tests.chaos $(CHAOS)

slow: $(READY)  ## The long proofs: thousands of examples, a year of backfill, kills
	$(BIN)/python -m pytest -m slow

install-proof: $(READY)  ## Follow docs/install.md on a new Debian 12 in a folder (debootstrap, root) until smoke is green
	$(BIN)/python -m zakaz_dagster_tests.installing

lock: $(READY)  ## Renew the pinned versions and hashes from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --upgrade \
	  --custom-compile-command "make lock" --extra local --extra test --extra bi pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	  --custom-compile-command "make lock" --constraint requirements/dev.lock pyproject.toml -o requirements/production.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	  --custom-compile-command "make lock" --constraint requirements/dev.lock --extra local pyproject.toml -o requirements/local.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	  --custom-compile-command "make lock" --constraint requirements/dev.lock --extra postgres pyproject.toml -o requirements/postgres.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	  --custom-compile-command "make lock" --constraint requirements/dev.lock --extra bench pyproject.toml -o requirements/bench.lock

docs: $(READY)  ## Build the documentation into build/docs, offline, with the generated catalogue of assets
	$(BIN)/zakaz docs catalogue
	$(BIN)/zakaz datalens glossary
	$(BIN)/zensical build -f mkdocs.yml --strict

clean:  ## Remove the environment and the local data (secrets/ stays)
	rm -rf $(VENV) .zakaz .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info

# Byte-compiling costs seconds once and halves the start of every run.
$(READY): requirements/dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 $(VENV)/lib zakaz_dagster || true
	@touch $@

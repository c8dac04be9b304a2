# The commands people use. `make` alone lists them.
# PYTHON is the Python that makes the virtualenv; ARGS goes to the command that a target runs.
PYTHON ?= python3
ARGS ?=
BIN := .logops/venv/bin
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help up down drill test test-unit lint lock clean bootstrap

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: bootstrap ## Everything, running: programs, Airflow, Loki on Azurite, a first rollout, sample logs
	@$(BIN)/logops quickstart up $(ARGS)

down: ## End what `make up` started; what it stored stays
	@if [ -x $(BIN)/logops ]; then $(BIN)/logops quickstart down $(ARGS); else echo "Nothing was ever started here."; fi

drill: bootstrap ## Break something on purpose, see it found, alerted and repaired: ARGS="local lost-chunk"
	@$(BIN)/logops quickstart drill $(ARGS)

test: bootstrap ## Every test: unit, DAGs, integration with the real programs, end to end
	@$(BIN)/logops toolchain
	@$(BIN)/pytest -n 3 --no-loadscope-reorder --durations=10 $(ARGS)

test-unit: bootstrap ## The tests that need no program: seconds
	@$(BIN)/pytest tests/unit $(ARGS)

lint: bootstrap ## Style, types, layers, and that generated files are as their sources say
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .logops/cache/import-linter
	@# What requirements.txt pins is kept where pyproject.toml still allows it, so only a change there differs.
	@cp requirements.txt .logops/requirements.txt
	$(BIN)/$(COMPILE) --output-file .logops/requirements.txt
	@diff requirements.txt .logops/requirements.txt || { echo "requirements.txt is not what pyproject.toml asks for: run make lock"; exit 1; }
	$(BIN)/python -m logops.findings.document --check

lock: bootstrap ## Pin requirements.txt anew: the newest versions that pyproject.toml allows
	$(BIN)/$(COMPILE) --upgrade --output-file requirements.txt

clean: down ## Remove all state and everything stored (programs that were built stay in the user's cache)
	rm -rf .logops

bootstrap:
	@$(PYTHON) tools/bootstrap.py

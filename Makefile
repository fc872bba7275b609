# Everything a person types here. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := chassis services/programs services/trainings services/funding gateway client web
EDITABLE := $(foreach member,$(MEMBERS),-e $(member))
UV_VERSION := 0.13.8
export UV_PYTHON_DOWNLOADS := never
# Compiled once, here: nine processes would each do it at their first start, and at every start where Python may not write.
export UV_COMPILE_BYTECODE := 1
COMPILE := $(BIN)/python -m compileall -q $(MEMBERS:%=%/src)
# Behind a proxy that signs for itself, only the machine's own certificates will do; where it has none, those of uv.
CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))
ifneq ($(CERTIFICATES),)
export UV_SYSTEM_CERTS ?= true
export NODE_EXTRA_CA_CERTS ?= $(CERTIFICATES)
endif
# Each worker has a PostgreSQL of its own; a server that was given is one, so one worker uses it.
WORKERS ?= $(if $(TRIBUTARY_TEST_DATABASE_URL),0,2)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/uv:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/run.stamp: requirements.lock $(BIN)/uv $(MEMBERS:%=%/pyproject.toml)
	@$(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps $(EDITABLE)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@$(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# What the pages load, by npm: with the machine's Node, else with one that is installed here.
$(VENV)/assets.stamp: web/package-lock.json web/install_assets.py requirements-node.lock $(VENV)/run.stamp
	@$(BIN)/python web/install_assets.py
	@touch $@

# Beside that what tests need: axe, and a browser where the machine has none.
$(VENV)/browser.stamp: $(VENV)/assets.stamp
	@$(BIN)/python web/install_assets.py --tests
	@touch $@

.PHONY: run
run: $(VENV)/run.stamp $(VENV)/assets.stamp ## start everything on this machine; Ctrl-C stops it
	@$(COMPILE)
	@exec $(BIN)/tributary serve

.PHONY: demo
demo: $(VENV)/run.stamp $(VENV)/assets.stamp ## as run, with generated records in a data folder of their own; SCALE=1 for a million people
	@$(COMPILE)
	@exec $(BIN)/tributary demo $(if $(SCALE),--scale $(SCALE))

.PHONY: test
test: $(VENV)/dev.stamp $(VENV)/browser.stamp ## run every test, on PostgreSQL servers of its own
	@$(COMPILE)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --durations=30 --durations-min=5

.PHONY: soak
soak: $(VENV)/dev.stamp ## run the long batteries whole; `make test` runs a fixed part of each
	@TRIBUTARY_SOAK=1 $(BIN)/python -m pytest -q -m soak
	@TRIBUTARY_SOAK=1 $(BIN)/python -m pytest -q -k over_tcp tests/system

.PHONY: bench
bench: $(VENV)/dev.stamp ## measure what benchmarks/README.md reports, on this machine
	@$(BIN)/python benchmarks/writers.py
	@$(BIN)/python benchmarks/known_at.py
	@$(BIN)/python benchmarks/tables.py

.PHONY: bench-counting
bench-counting: $(VENV)/dev.stamp ## time every count and list on the records of `make demo`, beside plain SQL
	@$(BIN)/python benchmarks/counting.py

# What the import of rosters is measured beside, and nothing else needs.
$(VENV)/drf/stamp: benchmarks/requirements-drf.txt $(BIN)/uv
	@$(PYTHON) -m venv $(VENV)/drf
	@$(VENV)/drf/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-drf.txt
	@touch $@

.PHONY: bench-imports
bench-imports: $(VENV)/dev.stamp $(VENV)/drf/stamp ## time the import of 100,000 rows, beside COPY and Django REST Framework; ROWS=, TRIBUTARY_DATA=
	@$(BIN)/python benchmarks/imports.py --drf-python $(VENV)/drf/bin/python $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: check
check: $(VENV)/dev.stamp ## lint, types, import contracts, OpenAPI drift, deployment files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@for member in $(MEMBERS); do (cd $$member && $(CURDIR)/$(BIN)/deptry --no-ansi src) || exit 1; done
	@$(BIN)/python -m gateway.openapi --check
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/hadolint deploy/Dockerfile

.PHONY: format
format: $(VENV)/dev.stamp ## put the code in its one layout
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: assets
assets: $(VENV)/assets.stamp ## install the styles and scripts of the pages

.PHONY: screenshot
screenshot: $(VENV)/dev.stamp $(VENV)/browser.stamp ## take docs/images/mexico.png from a system of its own
	@$(BIN)/python -m tests.system.screenshot

.PHONY: openapi
openapi: $(VENV)/dev.stamp ## write openapi/*.json from the code
	@$(BIN)/python -m gateway.openapi

.PHONY: lock
lock: $(BIN)/uv ## resolve the dependencies anew and export them with hashes
	@$(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --no-dev --all-packages --all-extras --no-extra testing --no-emit-workspace --no-annotate --no-header --format requirements.txt -o requirements.lock
	@$(BIN)/uv export --quiet --all-packages --all-extras --no-emit-workspace --no-annotate --no-header --format requirements.txt -o requirements-dev.lock
	@$(BIN)/uv export --quiet --only-group node --no-emit-workspace --no-annotate --no-header --format requirements.txt -o requirements-node.lock

.PHONY: clean
clean: ## remove the virtual environment (the data stays)
	@rm -rf $(VENV) web/node_modules web/src/web/static/vendor

# Needs Python 3.11 or newer with pip and venv, and make; everything else lands in .venv.
# `make PYTHON=python3.12 run` picks another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
WORKSPACE := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml clients/*/pyproject.toml)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --override requirements/overrides.txt --custom-compile-command "make lock"
# What one image holds: the third-party packages of its distributions, at the versions of runtime.txt.
COMPILE_IMAGE := $(COMPILE) --constraint requirements/runtime.txt --all-extras \
	$(patsubst %,--no-emit-package openclaw-%,common channels ingress agent-worker delivery standalone cli)

# uv_build, the build backend of the workspace, looks for its own binary on PATH.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Phoenix's assistant may use a shell and the web unless it is told not to. Its gRPC port (4317) is
# open on all interfaces whatever PHOENIX_HOST says.
PHOENIX_ENVIRON := PHOENIX_HOST=127.0.0.1 PHOENIX_PORT=6006 PHOENIX_WORKING_DIR=$(CURDIR)/.openclaw/phoenix \
	PHOENIX_DISABLE_AGENT_ASSISTANT=true PHOENIX_AGENTS_DISABLE_BASH=true PHOENIX_TELEMETRY_ENABLED=false

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test check bench faults fuzz containers kube dashboards phoenix lock clean

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/workspace ## start the whole gateway here, with an embedded Valkey and model (ARGS="--port 0")
	@$(BIN)/openclaw-gateway up $(ARGS)

demo: $(STAMPS)/workspace ## see a GitHub push become a message on a local fake Discord (ARGS="--json")
	@$(BIN)/python -m examples.github_to_discord $(ARGS)

# The fault ring measures times, so no other ring runs beside it.
test: $(STAMPS)/dev $(STAMPS)/workspace ## run every test ring but the full fault ring (ARGS="tests/unit -k lane")
	$(BIN)/pytest -m "not faults and not engine" -n 3 --dist loadfile $(or $(ARGS),--ignore tests/faults)
	$(if $(ARGS),,$(BIN)/pytest -m "not faults" -n 2 --dist loadfile tests/faults)

check: $(STAMPS)/dev $(STAMPS)/workspace ## lint, formatting, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMPS)/dev $(STAMPS)/workspace ## run the benchmarks (see benchmarks/README.md)
	$(BIN)/python -m benchmarks $(ARGS)

faults: $(STAMPS)/dev $(STAMPS)/workspace ## run the full fault ring: kill -9, SIGSTOP, restarts
	$(BIN)/pytest tests/faults $(ARGS)

fuzz: $(STAMPS)/dev $(STAMPS)/workspace ## send 500 generated requests to every operation (ARGS="-n 2000 --seed 7")
	$(BIN)/python -m tests.integration.ingress_docs $(ARGS)

containers: $(STAMPS)/dev $(STAMPS)/workspace ## build the images, start the Compose stack, test it, take it down
	@PYTHON=$(BIN)/python tests/containers/run $(ARGS)

kube: $(STAMPS)/dev $(STAMPS)/workspace ## play the Kubernetes manifests with podman; needs the images of `make containers`
	@$(BIN)/python -m tests.deploy.play $(ARGS)

dashboards: $(STAMPS)/dev $(STAMPS)/workspace ## check alert rules, and every dashboard query in a real Prometheus
	$(BIN)/python deploy/observability/grafana/make_dashboards.py
	$(BIN)/python -m tests.integration.observability

phoenix: $(STAMPS)/phoenix ## start Arize Phoenix, which shows traces of runs, at http://127.0.0.1:6006
	@echo "In another terminal:"
	@echo "  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:6006/v1/traces make run"
	@mkdir -p .openclaw/phoenix
	@$(PHOENIX_ENVIRON) .venv-phoenix/bin/phoenix serve

lock: $(STAMPS)/venv ## resolve requirements/*.in again into pinned, hashed requirements/*.txt
	@test -x $(BIN)/uv || $(PIP_INSTALL) uv
	$(COMPILE) $(ARGS) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) $(ARGS) requirements/discord.in -o requirements/discord.txt
	$(COMPILE) $(ARGS) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) $(ARGS) requirements/phoenix.in -o requirements/phoenix.txt
	$(COMPILE_IMAGE) services/ingress/pyproject.toml -o requirements/ingress.txt
	$(COMPILE_IMAGE) services/agent-worker/pyproject.toml -o requirements/agent-worker.txt
	$(COMPILE_IMAGE) --constraint requirements/discord.txt services/delivery/pyproject.toml \
		libs/channels/pyproject.toml -o requirements/delivery.txt
	$(COMPILE_IMAGE) services/standalone/pyproject.toml services/agent-worker/pyproject.toml \
		clients/cli/pyproject.toml -o requirements/standalone.txt
	$(COMPILE) --constraint requirements/runtime.txt requirements/build.in -o requirements/build.txt

$(STAMPS)/phoenix: requirements/phoenix.txt | $(STAMPS)/venv
	@echo "Installing Arize Phoenix into .venv-phoenix: 600 MB, a minute plus the download ..."
	@$(PYTHON) -m venv .venv-phoenix
	@.venv-phoenix/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

clean: ## remove .venv and every cache; the data in .openclaw stays
	rm -rf $(VENV) .venv-phoenix .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "The gateway needs Python 3.11 or newer; $(PYTHON) is not. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@echo "Creating $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements/runtime.txt | $(STAMPS)/venv
	@echo "Installing the gateway's packages into .venv: 400 MB, half a minute plus the download ..."
	@$(PIP_INSTALL) --no-deps --require-hashes -r $<
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	@echo "Installing the packages for tests and checks ..."
	@$(PIP_INSTALL) --no-deps --require-hashes -r $<
	@touch $@

$(STAMPS)/workspace: $(WORKSPACE) $(STAMPS)/runtime
	@echo "Installing the gateway itself ..."
	@$(PIP_INSTALL) --no-deps --no-build-isolation $(patsubst %/pyproject.toml,-e %,$(WORKSPACE))
	@touch $@

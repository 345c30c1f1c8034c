# The two commands: `make run` (ask a panel) and `make test`. Both set everything up first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEMBERS := contracts/messages contracts/runtime services/gateway services/orchestrator \
           services/expert-runner services/consensus services/usage deploy/local
ARGS ?=

.PHONY: help setup run test test-all check generate lock deploy-check simulate soak sweep bench bench-consensus clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | column -t -s "$$(printf '\t')"

# One stamp says the environment matches the locks; a second call only compares file times.
$(READY): requirements.lock requirements-bootstrap.lock $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Ask Panel needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "· creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "· installing uv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@echo "· installing $$(grep -c '==' requirements.lock) pinned packages"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

setup: $(READY)  ## Create the environment (hash-pinned); a second call is instant

# The web UI is optional: without node the gateway serves a plain page that says how to use the API.
WEB := apps/web
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/scripts -type f 2>/dev/null) \
               $(wildcard $(WEB)/package-lock.json $(WEB)/next.config.mjs $(WEB)/tsconfig.json)

.PHONY: web
web: $(WEB)/out/.built  ## Build the web UI, if node is there

$(WEB)/out/.built: $(WEB_SOURCES)
	@mkdir -p .cache
	@if ! command -v npm > /dev/null; then \
	  echo "· no web UI: it is built where node 20.9 or newer with npm is installed"; \
	elif echo "· building the web UI (about a minute, once)" && cd $(WEB) \
	  && timeout 400 npm ci --no-audit --no-fund --fetch-timeout=60000 --fetch-retries=3 > $(CURDIR)/.cache/web.log 2>&1 \
	  && NEXT_TELEMETRY_DISABLED=1 npm run --silent build >> $(CURDIR)/.cache/web.log 2>&1; then \
	  touch $(CURDIR)/$@; \
	else \
	  echo "· the web UI was not built, .cache/web.log says why; everything else works without it"; \
	fi

run: setup web  ## Start everything, ask one question, show the consensus, keep serving
	@$(BIN)/askpanel run $(if $(ONCE),--once) $(if $(Q),"$(Q)") $(if $(TYPE),--type $(TYPE)) \
	  $(if $(EXPERTS),--experts $(EXPERTS)) $(if $(MODEL),--model $(MODEL)) $(ARGS)

# Tests of behaviour wait more than they compute: three at a time, a file's tests together, each with servers of its own.
# Servers that somebody else runs (NATS_URL, DATABASE_URL) are one for all, so there it is one at a time.
JOBS ?= $(if $(NATS_URL),1,3)
test: setup web  ## Every test that fits in ten minutes, JOBS=3 at a time
	@$(BIN)/pytest -m "not slow" -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# What runs again on three NATS nodes with two processes of each service; what names or kills the one NATS does not.
TWICE := $(addprefix tests/e2e/test_, a_panel_from_end_to_end.py bad_input.py dead_letters_by_hand.py erasure.py \
         human_in_the_loop.py limits_of_a_request.py poison_on_every_subject.py protocols.py roles.py sign_in_client.py \
         sse_clients.py tenants_apart.py webhooks_switched_on.py)

test-all: test  ## Also the slow sweeps one by one, and the stack on three NATS nodes with two of each service
	@$(BIN)/pytest -m slow $(ARGS)
	@ASKPANEL_NATS_NODES=3 ASKPANEL_REPLICAS=2 $(BIN)/pytest $(TWICE) $(ARGS)

# The web UI's types of the REST answers, from the gateway's own description; needs node and the UI's packages.
web_types = test ! -d $(WEB)/node_modules || { mkdir -p .cache \
  && $(BIN)/python -m askpanel.gateway.describe > .cache/openapi.json \
  && node $(WEB)/scripts/generate-types.mjs .cache/openapi.json $(1); }

web_check = test ! -d $(WEB)/node_modules || { cd $(WEB) && npm run --silent lint > $(CURDIR)/.cache/lint.log 2>&1 \
  && npm run --silent typecheck || { cat $(CURDIR)/.cache/lint.log; exit 1; }; }

check: setup  ## Format, lint, types, import rules, generated files, of the web UI too where node is
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@mkdir -p .cache && $(BIN)/lint-imports > .cache/imports.txt || { cat .cache/imports.txt; exit 1; }
	@$(BIN)/python -m askpanel.contracts.generate --check && $(BIN)/python -m askpanel.local.reference --check \
	  && $(BIN)/python -m askpanel.local.chart --check
	@$(call web_types,--check)
	@$(web_check)
	@$(BIN)/basedpyright --warnings

generate: setup  ## Regenerate what is derived from the contracts
	@$(BIN)/python -m askpanel.contracts.generate && $(BIN)/python -m askpanel.local.reference \
	  && $(BIN)/python -m askpanel.local.chart
	@$(call web_types,)

lock: setup  ## Re-resolve requirements.lock (names, versions and hashes only)
	@$(BIN)/uv lock --quiet && $(BIN)/uv export --quiet --all-packages --all-extras --all-groups \
	  --no-emit-workspace --no-header --no-annotate --format requirements-txt -o requirements.lock > /dev/null

deploy-check: setup  ## The chart and the images, with the validators of their fields
	@$(BIN)/python -m tests.deploy $(ARGS)

simulate: setup  ## Thousands of seeded schedules with faults: ARGS="--seconds 600" or "--seed N --protocol delphi"
	@$(BIN)/python -m tests.simulation $(or $(ARGS),--seconds 600)

MINUTES ?= 30
soak: setup  ## Mixed load with random faults for MINUTES=30, then every invariant
	@$(BIN)/python -m tests.faults soak --minutes $(MINUTES) $(ARGS)

sweep: setup  ## kill -9 of every process at every event boundary, resumable, for MINUTES=30
	@$(BIN)/python -m tests.faults sweep --minutes $(MINUTES) --resume .cache/sweep.jsonl $(ARGS)

bench: setup  ## Speed, beside what a user would run instead
	@$(BIN)/python -m tests.bench $(ARGS)

bench-consensus: setup  ## Consensus quality on public data
	@$(BIN)/python -m askpanel.consensus.bench all $(ARGS)

clean:  ## Remove the environment and the local data
	rm -rf $(VENV) .askpanel

# Every command that a user or a contributor needs. `make` alone lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SEED := .uv
UV := $(shell command -v uv 2>/dev/null || echo $(SEED)/bin/uv)
SYNC := $(UV) pip sync --quiet --require-hashes --python $(BIN)/python
# Files in their order, one at a time to each processor; a file's tests share servers and browsers.
SPREAD := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.runtime ## Install Harborline into .venv

.PHONY: run
run: setup ## Train if the data changed, then serve on http://127.0.0.1:8000
	@$(BIN)/harborline key --write-if-missing
	@$(BIN)/harborline train --if-stale
	@$(BIN)/harborline serve

.PHONY: test
test: $(VENV)/.dev browser ## Run the whole test suite
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m pytest $(SPREAD) $(ARGS) || { [ $$? -eq 1 ] && \
	  echo "What failed beside others, again and by itself; what fails now has failed." && \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(ARGS); }

.PHONY: check
check: setup ## Check the content: answers, cards, risk cues, rules
	@$(BIN)/harborline check

.PHONY: bench
bench: $(VENV)/.dev ## Measure latency, memory and cold start beside stock Rasa
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-sms
bench-sms: $(VENV)/.dev ## Measure the SMS webhook: latency, a thousand at once, a storm of retries
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m bench.sms

.PHONY: bench-risk
bench-risk: $(VENV)/.dev ## Compare the risk screen with published ones (FILES="a.jsonl b.jsonl")
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m bench.peers $(FILES) $(ARGS)

.PHONY: bench-widget
bench-widget: $(VENV)/.dev browser ## Measure the website widget beside two from npm (where npm is)
	@$(BIN)/python -m bench.widget

.PHONY: screenshots
screenshots: $(VENV)/.dev browser ## Make the README's pictures anew (ARGS=FOLDER: every state instead)
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m bench.screenshots $(ARGS)

.PHONY: bench-review
bench-review: $(VENV)/.dev ## Measure lists and searches of staff with a million turns, on both databases
	@$(BIN)/python -m bench.review $(ARGS)

.PHONY: soak
soak: $(VENV)/.dev ## The long fault runs (200 kills)
	@$(BIN)/harborline train --if-stale
	@$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: format
format: $(VENV)/.dev ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: lock
lock: $(UV) ## Resolve the dependencies anew
	@$(UV) pip compile pyproject.toml --quiet --upgrade --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --custom-compile-command 'make lock' --output-file requirements.lock
	@$(UV) pip compile pyproject.toml --quiet --upgrade --group dev --constraint requirements.lock --generate-hashes \
	  --no-emit-index-url --python-version 3.11 --custom-compile-command 'make lock' \
	  --output-file requirements-dev.lock

.PHONY: browser
browser: $(VENV)/.dev
	@$(BIN)/python -m tests.browser.install

.PHONY: clean
clean: ## Remove what setup, training and tests made; never .env or var/
	@rm -rf $(VENV) $(SEED) models build .mypy_cache .pytest_cache .ruff_cache .hypothesis .rasa *.egg-info

$(SEED)/bin/uv:
	@echo "Installing uv into $(SEED) …"
	@$(PYTHON) -m venv $(SEED)
	@$(SEED)/bin/pip install --quiet --disable-pip-version-check uv

$(VENV)/bin/python: | $(UV)
	@$(UV) venv --quiet --python $(PYTHON) $(VENV)

# The development environment holds everything that running needs, so it counts as a runtime too.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages …"
	@$(SYNC) requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.dev
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing packages for development …"
	@$(SYNC) requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runtime

# One verb per chore; `make` alone prints this menu.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# The lock files are complete and carry hashes, so nothing else may come in.
LOCKED := $(PIP) --require-hashes --no-deps
# The whole suite waits more than it works, and a file's tests stay together: they share what is dear to make. Each part has a broker and a Redis of its own, so not with given ones.
SIDE_BY_SIDE := --numprocesses=4 --dist=loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test unit unit-here check audit pin-images format docs screenshots install install-run services bench soak lock clean

help: ## print this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.trial ## build .venv, start everything on this machine and replay real purchases
	@$(BIN)/stamgast demo $(ARGS)

test: $(VENV)/.dev ## run the whole test suite on a real broker (ARGS="-k STOP" narrows it)
	@$(BIN)/python -m pytest $(if $(ARGS)$(STAMGAST_KAFKA_BOOTSTRAP)$(STAMGAST_REDIS_URL),,$(SIDE_BY_SIDE)) $(ARGS)

# One virtual environment for each other Python, beside what else is fetched once.
unit: ## run the unit tests, but for the slowest fits, on another Python (PYTHON=python3.13)
	@$(MAKE) --no-print-directory VENV=.run/$(notdir $(PYTHON)) unit-here

unit-here: $(VENV)/.dev
	@$(BIN)/python -m pytest --numprocesses=2 -p no:cacheprovider -m "not fits" $(or $(ARGS),tests/unit)

check: $(VENV)/.dev ## lint, types, import direction and docs: what CI asks of every commit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/check_docs.py
	@$(BIN)/python scripts/write_reference.py --check
	@$(BIN)/python scripts/audit.py
	@$(BIN)/python scripts/pin_images.py --check

audit: $(VENV)/.dev ## are locked packages vulnerable or kept by nobody? (ARGS=--refresh asks anew; needs a network)
	@$(BIN)/python scripts/audit.py $(ARGS)

pin-images: ## write the digests of the images that are named by tags into docker-compose.yml and Dockerfile (needs Docker)
	@$(PYTHON) scripts/pin_images.py $(ARGS)

format: $(VENV)/.dev ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

screenshots: $(VENV)/.dev ## make the README's pictures anew, from the trial, in Chromium
	@$(BIN)/python scripts/screenshots.py $(ARGS)

docs: $(VENV)/.dev ## write docs/reference.md, docs/rules.md and schemas/ from the code
	@$(BIN)/python scripts/write_reference.py

install: $(VENV)/.dev ## build .venv with everything for development; .venv/bin/stamgast works then

install-run: $(VENV)/.made ## build .venv with what running needs and nothing else (about 250 MB; CLV=1 adds scipy, for fits)
	@$(LOCKED) --no-compile -r requirements/build.txt -r requirements/$(if $(CLV),clv,runtime).txt
	@$(PIP) --no-compile --no-deps --no-build-isolation .

services: $(VENV)/.trial ## run a broker and a Redis for development until Ctrl-C
	@$(BIN)/stamgast services $(ARGS)

bench: $(VENV)/.dev ## measure, each figure beside its peers doing the same work (ARGS="--against main": beside that version)
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.dev ## sell over HTTP and Kafka for ten minutes while everything is killed, and judge (ARGS="--seconds 60 --seed 7")
	@$(BIN)/python scripts/soak.py $(ARGS)

lock: $(VENV)/.dev ## write requirements/*.txt anew (ARGS=--upgrade takes newer versions)
	@requirements/lock.sh $(ARGS)

clean: ## remove .venv and everything that was built or run
	rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "stamgast needs Python 3.11 to 3.13; try make PYTHON=python3.12 …"; exit 1; }
	@echo "building $(VENV) (about half a minute) …"
	@mkdir -p $(dir $(VENV))
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.trial: $(VENV)/.made requirements/trial.txt requirements/data.txt requirements/build.txt pyproject.toml
	@$(LOCKED) -r requirements/build.txt -r requirements/trial.txt -r requirements/data.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.trial requirements/dev.txt
	@$(LOCKED) -r requirements/dev.txt
	@touch $@


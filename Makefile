# make up      the whole set-up, then a cluster with the example application running on it
# make test    the whole set-up, then the tests (the daily ones, under five minutes)
SHELL := /bin/bash
VENV := .venv
RUN := $(VENV)/bin
MARK := $(VENV)/.ready

.PHONY: setup up down test test-long check format bench clean

setup: $(MARK)

# Made anew when the dependencies change.
$(MARK): pyproject.toml constraints.txt tools/setup.sh
	@tools/setup.sh
	@touch $(MARK)

up: setup
	@$(RUN)/wherry up --example

down: setup
	@$(RUN)/wherry down --purge

test: setup check
	@$(RUN)/pytest -m "not long"

test-long: setup
	@$(RUN)/pytest

check: setup
	@$(RUN)/ruff format --check --quiet .
	@$(RUN)/ruff check --quiet .
	@$(RUN)/mypy
	@$(RUN)/lint-imports --no-cache

format: setup
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

bench: setup
	@$(RUN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .tools

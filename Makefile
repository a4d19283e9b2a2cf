# `make run` opens the dashboard, `make test` runs the tests; both set up what they need first.

PORT ?= 8501
JOBS ?= auto
ARGS ?=

# The first of these that is new enough; PYTHON=… names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
NEEDS := pyproject.toml constraints.txt

# Browsing needs neither torch nor the tools of the tests; who has those already keeps them up to date.
READY := $(if $(wildcard .venv/.for-tests),.venv/.for-tests,.venv/.for-use)

.PHONY: help run setup browser test lint format bench clean
.DELETE_ON_ERROR:

help:
	@echo 'make run     the dashboard on the embedded catalogue, at port $(PORT) (PORT=)'
	@echo 'make test    all tests (JOBS= processes, ARGS= for pytest)'
	@echo 'make setup   .venv with everything the tests need'
	@echo 'make lint    ruff and mypy; make format mends what can be mended'
	@echo 'make bench   the benchmarks'
	@echo 'make clean   remove .venv and what tools left behind'

run: $(READY)
	@$(BIN)/registry serve --port $(PORT)

setup: .venv/.for-tests browser

browser: .venv/.for-tests
	@$(BIN)/python -m tests.support.chromium

test: setup
	$(BIN)/pytest -n $(JOBS) --maxprocesses 8 --dist worksteal $(ARGS)

lint: .venv/.for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.for-tests
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n '$(PYTHON)' ] || { echo 'MedRegistry needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3.' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"MedRegistry needs Python 3.11 or newer, $(PYTHON) is {v[0]}.{v[1]}: name another with PYTHON=/path/to/python3.")'
	@'$(PYTHON)' -m venv .venv || { rm -rf .venv; echo 'No virtual environment could be made (on Debian and Ubuntu: apt-get install python3-venv).' >&2; exit 1; }

.venv/.for-use: $(NEEDS) | $(BIN)/python
	@echo 'Installing MedRegistry into .venv (some minutes the first time) …'
	@$(PIP) --editable '.[postgres]'
	@touch $@

.venv/.for-tests: $(NEEDS) | $(BIN)/python
	@echo 'Installing MedRegistry and what its tests need into .venv (some minutes the first time) …'
	@$(PIP) --editable '.[dev]'
	@touch $@

# The two commands of the README, and their neighbours. Needs Python 3.11 or later, make and git; nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help install test lint types contracts chaos bench-delivery bench-accuracy bench-shocks demo up down lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(INSTALLED) ## build .venv from requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@python=; for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'Tonnage needs Python 3.11 or later: none of python3, python3.11 … python3.14 is one.' >&2; exit 1; fi; \
	echo "building .venv with $$($$python --version); the first time takes minutes"; \
	$$python -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

test: lint types contracts ## lint, types, import contracts and all tests, against real servers it starts
	$(BIN)/pytest -n 2

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

chaos: $(INSTALLED) ## kill every part with -9 while messages are committed, and print what was lost
	@$(BIN)/python tests/chaos/all_scenes.py

bench-delivery: $(INSTALLED) ## deliveries per CPU second, against the bare client
	@$(BIN)/python tests/benchmarks/delivery.py

bench-accuracy: $(INSTALLED) ## our portfolios beside their peers, on M3 and on trade series
	@$(BIN)/python -m tests.benchmarks.accuracy

bench-shocks: $(INSTALLED) ## labelled shocks found at equal false alarms, beside plain rules
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/shocks.py ../shared/data/trade

demo: $(INSTALLED) ## replay China's rare-earth exports of 2025 (EXIT=1: end by itself, summary as JSON last)
	@$(BIN)/tonnage demo $(if $(EXIT),--exit)

up: $(INSTALLED) ## the local stack, its state kept between runs
	@$(BIN)/tonnage up

down: $(INSTALLED) ## end what make up left
	@$(BIN)/tonnage down

lock: ## resolve pyproject.toml into requirements.lock again; the build backend is locked with the rest
	@resolver=$$(mktemp -d); trap 'rm -rf "$$resolver"' EXIT; \
	python3 -m venv "$$resolver"; "$$resolver/bin/pip" install --quiet --disable-pip-version-check uv; \
	python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
	| "$$resolver/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-index-url --custom-compile-command 'make lock' --extra dev \
	  --output-file requirements.lock pyproject.toml -

clean:
	rm -rf .venv

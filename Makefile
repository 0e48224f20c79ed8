# The two commands of the README, and their neighbours. Needs Python 3.11 or later, make and git; nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help install test test-long browser screenshots lint types contracts chaos soak fuzz bench-api bench-connectors bench-delivery bench-accuracy bench-files bench-outlook bench-rehearsal bench-shocks bench-speed demo up down lock clean audit

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
	@sed -n '/^uv==/,/[^\]$$/p' requirements.lock > .venv/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@# uv takes a tenth of the time; where it finds no index, such as one that only pip's settings name, pip does it
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@$(BIN)/python -c 'import flower.command, services.asgi, services.cli, services.worker.tasks, \
	  statsforecast.models, statsmodels.tsa.statespace.structural, lightgbm' # compiled once, not by each process
	@touch $@

test: lint types contracts browser ## lint, types, import contracts and the tests, against real servers it starts
	@# the dozen processes of a stack import the same modules: compiled by the first alone, whoever calls
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 2 -m 'not long'

test-long: $(INSTALLED) ## the tests that take too long for make test: compose as processes, the longer chaos
	$(BIN)/pytest -n 2 -m long

browser: ## a Chromium for the browser tests: installed as root on Debian, else named
	@if command -v chromium > /dev/null || command -v google-chrome > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo 'installing Chromium for the browser tests'; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y chromium > /dev/null; \
	else echo 'no Chromium here: the browser tests are skipped; install chromium to run them'; fi

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

screenshots: $(INSTALLED) browser ## every page in light and dark, into var/screenshots, and the first screens of three for the README
	@PYTHONPATH=. $(BIN)/python tests/browser/screenshots.py var/screenshots

chaos: $(INSTALLED) ## kill every part with -9 while messages are committed, and print what was lost
	@$(BIN)/python tests/chaos/all_scenes.py

fuzz: $(INSTALLED) ## schemathesis over the whole API, with and without a key: EXAMPLES (100) an operation
	@PYTHONPATH=. $(BIN)/python -m tests.benchmarks.fuzz_api $(if $(EXAMPLES),--examples $(EXAMPLES))

audit: ## known vulnerabilities of what requirements.lock pins, by pip-audit in a throw-away environment
	@auditor=$$(mktemp -d); trap 'rm -rf "$$auditor"' EXIT; \
	python3 -m venv "$$auditor"; "$$auditor/bin/pip" install --quiet --disable-pip-version-check pip-audit; \
	"$$auditor/bin/pip-audit" --requirement requirements.lock --require-hashes --disable-pip --progress-spinner off

soak: $(INSTALLED) ## releases, refits, deliveries and kills for MINUTES (3), at SIZES (100,1000) series; tables
	@$(BIN)/python -m tests.benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SIZES),--sizes $(SIZES))

bench-api: $(INSTALLED) ## the API beside a constant route, a month of 10,000 series, one figure to its webhook
	@$(BIN)/python -m tests.benchmarks.api

bench-connectors: $(INSTALLED) ## a month of 10,000 series from a Comtrade of our own, polled by one command
	@$(BIN)/python -m tests.benchmarks.connectors

bench-delivery: $(INSTALLED) ## deliveries per CPU second, against a bare aiohttp loop; what a hanging desk costs others
	@$(BIN)/python tests/benchmarks/delivery.py; fast=$$?; \
	$(BIN)/python tests/chaos/noisy_neighbour.py && exit $$fast

bench-speed: $(INSTALLED) ## releases of SIZES (100,1000,10000) series, histories, the API, forecasts, refits, deliveries
	@$(BIN)/python -m tests.benchmarks.speed $(if $(SIZES),--sizes $(SIZES))
	@$(BIN)/python -m tests.benchmarks.api
	@$(BIN)/python -m tests.benchmarks.panel_forecast
	@$(BIN)/python -m tests.benchmarks.refits
	@$(BIN)/python tests/benchmarks/delivery.py

bench-rehearsal: $(INSTALLED) ## a shock rule rehearsed on SERIES (300) over ten years, by published forecasts and by made ones
	@$(BIN)/python -m tests.benchmarks.rehearsal $(if $(SERIES),--series $(SERIES))

bench-files: $(INSTALLED) ## a million rows of one file: rows a second and the highest memory; RECORD=48000 recorded too
	@$(BIN)/python -m tests.benchmarks.file_rows $(if $(RECORD),$(RECORD) --record)

bench-accuracy: $(INSTALLED) ## our portfolios beside their peers, on M3 and on trade series
	@$(BIN)/python -m tests.benchmarks.accuracy

bench-shocks: $(INSTALLED) ## labelled shocks found at equal false alarms, beside plain rules; injected ones by type and size
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/shocks.py ../shared/data/trade
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/injected_shocks.py ../shared/data/trade

bench-outlook: $(INSTALLED) ## the month after a shock: the outlook given the figure, beside the forecast made before it
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/outlook.py ../shared/data/trade

demo: $(INSTALLED) ## replay China's rare-earth exports of 2025 (EXIT=1: end by itself, summary as JSON last)
	@$(BIN)/tonnage demo $(if $(EXIT),--exit)

up: $(INSTALLED) ## the local stack, its state kept between runs
	@$(BIN)/tonnage up

down: $(INSTALLED) ## end what make up left
	@$(BIN)/tonnage down

lock: ## resolve pyproject.toml into requirements.lock again, and of it what the image runs; the build backend too
	@resolver=$$(mktemp -d); trap 'rm -rf "$$resolver"' EXIT; \
	python3 -m venv "$$resolver"; "$$resolver/bin/pip" install --quiet --disable-pip-version-check uv; \
	python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
	> "$$resolver/backend.in"; \
	compile=("$$resolver/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-index-url --custom-compile-command 'make lock' --extra tracing); \
	"$${compile[@]}" --upgrade --extra dev --output-file requirements.lock pyproject.toml "$$resolver/backend.in"; \
	"$${compile[@]}" --constraint requirements.lock --output-file services/requirements.lock \
	  pyproject.toml "$$resolver/backend.in"

clean:
	rm -rf .venv

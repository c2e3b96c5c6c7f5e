# `make demo` and `make test` work from a bare checkout: python3 (3.11 or newer), make and PyPI are all they need.
# PYTHON=/path/to/python3.12 chooses another interpreter; it counts when .venv is made, so `make clean` first.

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
# Behind a company's proxy the system knows a certificate that uv's own list does not; a bare container has no list.
SYSTEM_CERTS := $(wildcard /etc/ssl/certs/ca-certificates.crt)
CERTS := $(if $(SYSTEM_CERTS),--system-certs)
# Compiled inside requirements/, so that the headers of the locks name no path of this machine.
COMPILE := ../$(BIN)/python -m uv $(CERTS) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format check lock bench shots clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

demo: install ## everything to a running site with a demo merchant, in the foreground
	@exec $(MANAGE) demo --with-parent

test: install ## the whole test suite, or ARGS="tests/config -k attach"
	$(BIN)/python -m pytest $(ARGS)

lint: install ## formatting, ruff, floors, types, templates, missing migrations
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check --output-format concise
	$(BIN)/lint-imports
	@# The Django plugin reads the settings, which want addresses; nothing connects to them.
	DATABASE_URL=postgres://types/accrue REDIS_URL=redis://types $(BIN)/python -m mypy
	@if [ -d templates ]; then find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +; fi
	$(MANAGE) makemigrations --check --dry-run

format: .venv/installed ## write what lint would ask for
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

check: ## what CI runs: lint, then test
	$(MAKE) lint
	$(MAKE) test

bench: install ## measure against the yardstick; see benchmarks/
	$(BIN)/python -m benchmarks $(ARGS)

shots: install ## pictures of every page of the running demo into .data/shots, or ARGS="customer portal"
	$(BIN)/python -m shots $(ARGS)

lock: .venv/installed ## resolve requirements/*.in again into the hashed locks (UPGRADE=--upgrade for newer versions)
	cd requirements && for name in bootstrap base dev; do \
		$(COMPILE) $(UPGRADE) $$name.in -o $$name.txt || exit 1; \
	done

clean: ## remove .venv, the embedded servers' data and every cache
	@if [ -d .data ] && [ -x $(BIN)/python ]; then $(BIN)/python -m config.embedded remove; fi
	rm -rf .venv node_modules .data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

install: .venv/installed node_modules/.installed ## only .venv and node_modules

.venv/installed: requirements/dev.txt .venv/bootstrapped
	$(BIN)/python -m uv $(CERTS) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@touch $@

# Fonts and the chart library come from npm as files; node and npm themselves are wheels in .venv.
node_modules/.installed: .venv/installed package-lock.json
	PATH="$(CURDIR)/$(BIN):$$PATH" $(if $(SYSTEM_CERTS),NODE_EXTRA_CA_CERTS=$(SYSTEM_CERTS)) npm ci --silent
	@touch $@

.venv/bootstrapped: requirements/bootstrap.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Accrue needs Python 3.11 or newer, and '$(PYTHON)' is not. Install one and name it: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

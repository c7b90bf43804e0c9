# Two commands do everything on a fresh Debian 12: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

UV := $(shell command -v uv 2>/dev/null || echo .cache/tools/bin/uv)
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
RUN := .venv/bin/python -m
SOURCES := -p isoloir -p isoloir_ballots -p isoloir_minutes -p isoloir_web -p isoloir_openid_connect -p isoloir_prosante_connect \
	-p isoloir_psc -p isoloir_password_sms -p isoloir_ordinal_check -p isoloir_smtp_mail -p isoloir_outbox

.PHONY: help install demo demo-keycloak test quick check simulate faults booth tampering attacks vectors bench screenshots accessibility

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 15

install: .cache/installed .cache/fast-installed ## Set up everything, development tools included
.cache/installed: uv.lock pyproject.toml $(wildcard */pyproject.toml */*/pyproject.toml) | $(UV)
	@echo "Setting up the Python environment (.venv)…"
	@$(UV) sync --quiet --locked --all-packages --all-extras
	@touch $@

# Optional, outside the workspace: a synchronisation takes it away, so it is put back after each one.
.cache/fast-installed: .cache/installed $(wildcard ballots-fast/*.toml) ballots-fast/Cargo.lock ballots-fast/src/lib.rs
	@if ! command -v cargo >/dev/null; then true; \
	elif CARGO_TARGET_DIR=$(CURDIR)/.cache/cargo $(UV) pip install --quiet --python .venv/bin/python ./ballots-fast \
		>.cache/fast.log 2>&1; then true; \
	else echo "ballots-fast could not be built (.cache/fast.log says why): ballots will be checked in Python."; fi
	@touch $@

.cache/demo-installed: uv.lock $(wildcard */pyproject.toml */*/pyproject.toml) | $(UV)
	@echo "Setting up the Python environment (.venv), without development tools…"
	@$(UV) sync --quiet --locked --all-packages --all-extras --no-default-groups --inexact
	@touch $@

.cache/tools/bin/uv:
	@echo "Installing uv into .cache/tools…"
	@mkdir -p .cache
	@python3 -m venv .cache/tools
	@.cache/tools/bin/python -m pip install --quiet --disable-pip-version-check uv

demo: .cache/demo-installed ## The 2024 election on this machine: http://127.0.0.1:8000
	@.venv/bin/isoloir demo

demo-keycloak: .cache/demo-installed ## The same, where a real Keycloak stands for Pro Santé Connect
	@tools/install-keycloak
	@.venv/bin/isoloir demo --identity keycloak

test: install ## Every test, with the real programs it needs (installed if missing)
	@tools/install-test-programs
	@$(RUN) pytest -n 2 --dist loadgroup

quick: install ## The tests to run all the time (no browser, no whole election)
	@$(RUN) pytest -q -m "not slow" -n 2

check: install ## Formatting, lint, types, layers, wheels
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(SOURCES)
	@.venv/bin/lint-imports
	@tools/check-wheels

tampering: install ## Tamper with archives in every way of the list: docs/security/tampering.md
	@tools/install-test-programs
	@PYTHONPATH=tests $(RUN) tampering.table

attacks: install ## Attack the login with a provider in every way of the list: docs/security/oidc-attacks.md
	@tools/install-test-programs
	@PYTHONPATH=tests $(RUN) attacks.table

vectors: install ## Make the vectors of tests/vectors anew
	@PYTHONPATH=tests $(RUN) vectors.make_vectors

simulate: install ## A whole election without a person: 200 voters
	@.venv/bin/isoloir simulate examples/medecins-2024/election.toml --voters $(VOTERS) --json .cache/simulation.json \
		--archives .cache/archives $(if $(GROUP),--group $(GROUP)) $(if $(DATABASE),--database $(DATABASE))
VOTERS ?= 200

faults: install ## Kill, fill, lock and step a machine while voters cast: docs/faults.md
	@tools/install-test-programs
	@$(RUN) pytest -q -n 2 --dist load tests/faults --kills $(KILLS) --faults-table docs/faults.md
KILLS ?= 200

booth: install ## Rebuild the voter's booth, byte for byte
	@cd apps/booth && PATH="$(CURDIR)/.venv/bin:$$PATH" && npm ci --silent && npm run --silent build

bench: install ## Measure everything side by side: docs/benchmarks.md, bench/results.json
	@tools/install-test-programs
	@PYTHONPATH=bench .venv/bin/python bench/run.py $(BENCH)

screenshots: install ## A picture of every page, in both languages and every view, into screenshots/
	@tools/install-test-programs
	@rm -rf screenshots
	@ISOLOIR_SCREENSHOTS=screenshots $(RUN) pytest -q -n 2 --dist loadgroup tests/browser

accessibility: install ## Every page against WCAG 2.2 in a real browser: docs/accessibility.md
	@tools/install-test-programs
	@$(RUN) pytest -q tests/browser/test_browser_pages.py tests/browser/test_browser_access.py \
		--accessibility-page docs/accessibility.md

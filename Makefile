# Needs make and Python 3.11 or newer; everything else comes into .venv by hash from the lock files.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
FROM_LOCK := install --require-hashes --no-deps --only-binary :all: --no-compile -r
# No address of an index or a folder may stand in a lock file.
COMPILE := .venv/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header \
  --annotation-style line --no-emit-options --no-emit-index-url --no-emit-find-links \
  --no-emit-trusted-host --allow-unsafe $(UPGRADE)

# A stamp is named after what it stands for: the lock, the place and the Python. When one of them
# changes, the stamp is missing and the environment is made again.
sum = $(shell { cat $(1); pwd; $(PYTHON) -V; } 2>&1 | cksum | tr ' ' -)
RUNTIME := .venv/runtime-$(call sum,requirements.lock)
DEVELOPMENT := .venv/development-$(call sum,requirements.lock requirements-dev.lock)
PROJECT := .venv/project-$(call sum,requirements.lock pyproject.toml)

# Without its bytecode a process starts in seven seconds instead of two.
unexport PYTHONDONTWRITEBYTECODE

# Which libraries are not compiled when the tools are installed: few processes import them. All else
# would be compiled by every test worker at the same time.
SELDOM := /(pip|numpy|scipy|sklearn|joblib|mypy|mypyc|setuptools|grimp|faker|pygments)/
PACKAGES := api channels domain jobs migrations schema

.PHONY: help run test lint format bench lock clean
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(PROJECT)  ## bring up everything at HOST:PORT (127.0.0.1:8000); Ctrl-C stops it
	@exec $(BIN)/jiesu run

test: $(PROJECT) $(DEVELOPMENT)  ## run the tests
	@$(BIN)/pytest

lint: $(PROJECT) $(DEVELOPMENT)  ## check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEVELOPMENT)  ## put the code into its form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(PROJECT) $(DEVELOPMENT)  ## measure, side by side with a peer
	@$(BIN)/python -m bench

lock: $(RUNTIME)  ## resolve the lock files (UPGRADE=--upgrade for newer versions)
	@test -x .venv/lock/bin/pip-compile || { $(BIN)/python -m venv .venv/lock && \
	  .venv/lock/bin/pip install --quiet 'pip-tools>=7.6,<8'; }
	@$(COMPILE) --output-file requirements.lock pyproject.toml requirements.in
	@$(BIN)/python -c 'import tomllib; print("-c requirements.lock", \
	  *tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' \
	  > requirements-dev.in
	@$(COMPILE) --output-file requirements-dev.lock requirements-dev.in && rm requirements-dev.in

clean:  ## remove the environment and all caches; the data in .jiesu stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Jiesu needs Python 3.11 or newer, and $(PYTHON) is not:" \
	    "make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making .venv ($$($(PYTHON) -V))"
	@$(PYTHON) -m venv --clear .venv || { echo "The venv module is missing (Debian: python3-venv)" >&2; exit 1; }
	@echo "Installing the libraries of requirements.lock (about 60 MB, once)"
	@$(PIP) $(FROM_LOCK) requirements.lock
	@touch $@

$(PROJECT): $(RUNTIME)
	@$(PIP) install --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	@echo "Installing the tools of requirements-dev.lock"
	@$(PIP) $(FROM_LOCK) requirements-dev.lock
	@$(BIN)/python -m compileall -q -j 0 -x '$(SELDOM)' .venv/lib $(PACKAGES)
	@touch $@

# `make demo` and `make test` do all the set-up: they need only make and a Python 3.11+ with its venv module.
# Another interpreter gets an environment of its own beside it: make test PYTHON=python3.13

PYTHON ?= python3
TAG    := $(shell $(PYTHON) -c 'import sys; print("py%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV   := .venv/$(TAG)
READY  := $(VENV)/.ready
PY     := $(VENV)/bin/python

.PHONY: help demo test slow clean

help:
	@echo "make demo    the experiments, small; prints where the reports lie"
	@echo "make test    lint, types, doctests and tests"
	@echo "make slow    the tests that take longer"
	@echo "make clean   remove the environments and caches (results stay)"
	@echo
	@echo "PYTHON=python3.13 chooses the interpreter; GENJAX_LAB_DATA=<folder> says where data sets already lie."

demo: $(READY)
	@$(PY) -m experiments demo

test: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -n 2 --dist worksteal

slow: $(READY)
	$(PY) -m pytest -m slow

clean:
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find genjax_lab experiments tests -name __pycache__ -prune -exec rm -rf {} +

# Installed once, and again only when pyproject.toml changes; the mark is made last, so a failure leaves none.
$(READY): pyproject.toml
	@$(PYTHON) -c '' || { echo "There is no working '$(PYTHON)': set PYTHON to a Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "genjax_lab needs Python 3.11 or newer, '$(PYTHON)' is older: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' \
	  || { echo "'$(PYTHON)' lacks its venv module (on Debian or Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "Installing into $(VENV): a few minutes, once."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@

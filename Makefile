# Needs nothing but Python: each target makes a virtual environment on first use.
#   make demo    train LeNet-5 on handwritten digits      (make demo DEMO_ARGS="--data DIR")
#   make test    run the tests                            (make test PYTEST_ARGS="-k conv")
#   make lint    ruff and mypy
#   make docs    the documentation as a site in build/site, and the tree at the end of README.md
#   make clean   remove the virtual environment and caches

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_ARGS ?=
PYTEST_ARGS ?=

.PHONY: demo test lint docs clean

demo: $(VENV)/installed-plot
	$(BIN)/python examples/demo.py $(DEMO_ARGS)

test: $(VENV)/installed-test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

docs: $(VENV)/installed-docs
	$(BIN)/python docs/tree.py --write
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# One stamp per extra, so that a second call finds everything in place.
$(VENV)/installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

.PRECIOUS: $(VENV)/installed-%

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build *.egg-info

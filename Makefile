# make demo    the main job on the embedded model and tasks, in a fresh virtual environment
# make test    the tests        make test-slow   those that take long or start a cluster
# make lint    style, types, generated pages
# make docs    the generated pages             make pictures   those of the documentation
# make site    the documentation as a site     make wheel   what `pip install` takes
# make bench   the measurements of speed
#
# PYTHON      the interpreter that makes the virtual environment
# PIP_FLAGS   passed on to pip: say here where to find a CPU build of torch, if pip does not know

PYTHON ?= python3
VENV ?= .venv
PIP_FLAGS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_FLAGS)

.PHONY: demo test test-slow lint docs pictures site wheel bench clean

demo: $(VENV)/.demo
	$(BIN)/ftbench demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow --ignore tests/acceptance
	$(BIN)/python -m pytest -m slow tests/acceptance

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/write_docs.py --check

docs: $(VENV)/.test
	$(BIN)/python scripts/write_docs.py

pictures: $(VENV)/.test
	$(BIN)/python scripts/pictures.py

site: $(VENV)/.test
	$(BIN)/python scripts/build_site.py

wheel: $(VENV)/.test
	$(BIN)/python -m pip wheel --no-deps --quiet -w dist .

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) site dist build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[test]'
	touch $@ $(VENV)/.demo

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

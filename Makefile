# The menu. Every target works on a fresh machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help demo test check format lint types floors wheel golden judges pictures messages bench proof lock migration clean

help:
	@echo "make demo      one whole Friday on this machine   (ARGS=--no-serve ends after the summary)"
	@echo "make test      every test; says what was skipped and why   (ARGS=tests/web runs a few)"
	@echo "make check     format, lint, types, floors, wheel, tests: what CI runs"
	@echo "make golden    show what the MJML compiler does today beside what the tests expect"
	@echo "make judges    npm's mjml, axe-core, SpamAssassin and others judge the mails   (docs/judges.md)"
	@echo "make pictures  the sample issue in every look and the desk, for the docs   (ARGS='--all FOLDER' prints all)"
	@echo "make messages  bring the translations up to date with the words of code and templates"
	@echo "make bench     how fast it is, beside Postfix's own programs   (ARGS=--quick for a look)"
	@echo "make proof     kill it, cut it off, count every copy   (ARGS=--quick for a look)"
	@echo "make migration TITLE='what changed'   write the next migration from the models"
	@echo "make lock      resolve requirements*.txt anew"
	@echo "make clean     remove what these targets made"

$(VENV)/run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Friday needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/run
	@$(BIN)/digest demo --folder .demo $(ARGS)

# What kills, floods and times out belongs alone on the machine; everything else runs on every core.
test: $(VENV)/dev
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder --ignore tests/real
	$(BIN)/python -m pytest -q tests/real
else
	$(BIN)/python -m pytest $(ARGS)
endif

check: format lint types floors wheel test

format: $(VENV)/dev
	$(BIN)/ruff format --check .

lint: $(VENV)/dev
	$(BIN)/ruff check .

types: $(VENV)/dev
	$(BIN)/mypy

floors: $(VENV)/dev
	$(BIN)/lint-imports

# The built wheel, in an environment of its own and away from the checkout, must run the whole demo.
wheel: $(VENV)/dev
	PYTHON=$(BIN)/python sh tests/real/wheel.sh

golden: $(VENV)/dev
	$(BIN)/python -m pytest tests/rendering -k "golden or trap" -v

# npm writes its own note of what it installed when it is done.
tools/judges/node_modules/.package-lock.json: tools/judges/package-lock.json
	@command -v npm >/dev/null || { echo "the judges need Node.js 18 or later and npm"; exit 1; }
	@echo "installing the judges' pinned packages into tools/judges/node_modules"
	@cd tools/judges && npm ci --ignore-scripts --loglevel=error
	@touch $@

judges: $(VENV)/dev tools/judges/node_modules/.package-lock.json
	@$(BIN)/python -m tools.judges $(ARGS)

# The system's Chromium prints them; CHROMIUM names another.
pictures: $(VENV)/dev
	@$(BIN)/python tools/pictures_of_looks.py $(ARGS)
	@$(BIN)/python tools/pictures_of_the_desk.py $(ARGS)

# ARGS=hy begins a language, ARGS=--check only looks; see docs/translating.md.
messages: $(VENV)/dev
	@$(BIN)/python -m tools.messages $(ARGS)

# About half an hour, and the machine should have nothing else to do; FULL=1 adds a million.
bench: $(VENV)/dev
	@$(BIN)/python -m benchmarks.run $(ARGS)

# A quarter of an hour; exits 1 when a copy was doubled or lost.
proof: $(VENV)/dev
	@$(BIN)/python -m benchmarks.proof $(ARGS)

migration: $(VENV)/dev
	$(BIN)/python migrations/revise.py "$(TITLE)"

lock: $(VENV)/dev
	$(BIN)/pip-compile --quiet --no-strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-options --build-deps-for=wheel --build-deps-for=editable --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --no-strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-options --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) tools/judges/node_modules .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Each target sets up what it needs in .venv; a Python of at least 3.11, make and git have to be there.

PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$candidate; break; fi; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore

.PHONY: demo test coverage test-all test-libraries test-uwsgi test-mysql oracle mutants check bench clean

demo: .venv/package
	@PYTHONPATH=tests $(BIN)/python -m demo.demo

test: .venv/groups
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

# The same, counting lines and branches: it takes three times as long.
coverage: .venv/groups
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" --cov --cov-report=term-missing:skip-covered

# The long campaigns here, then everything else in each column of the matrix that this machine has.
test-all: .venv/groups coverage
	$(BIN)/python -m pytest -m slow
	$(BIN)/nox

oracle: .venv/groups
	$(BIN)/python -m pytest tests/oracle

# Breaks facts, effects and rules in many small ways and counts what the tests notice. Another sample, in so many
# processes: MUTANTS="COUNT SEED JOBS".
mutants: .venv/groups
	PYTHONPATH=tests $(BIN)/python -m mutants $(MUTANTS)

test-libraries: .libraries/installed
	PYTHONPATH=tests .libraries/bin/python -m pytest tests/libraries \
		tests/test_fix_at_run_time.py::test_repair_leaves_nothing_where_threads_are_greenlets

# What DJT901 is about, asked of real servers: a release whose threads wait for an option, and one whose threads do not.
test-uwsgi: .venv/groups .uwsgi/installed
	UWSGI_RELEASES=.uwsgi/older:.uwsgi/newer $(BIN)/python -m pytest tests/oracle/test_uwsgi.py

# The oracle on MariaDB or MySQL too, where the machine has a server to start.
test-mysql: .venv/groups .mysql/installed
	PYTHONPATH=.mysql $(BIN)/python -m pytest tests/oracle -k mysql

check: .venv/groups
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m flake8_django_threads.docs --check
	$(BIN)/python -m pytest -q -m "not slow" tests/test_rows_needed.py

bench: .venv/package
	@PYTHONPATH=tests $(BIN)/python -m bench.bench $(BENCH)

clean:
	rm -rf .venv .nox .libraries .uwsgi .mysql .demo .bench .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip learned --group, which reads pyproject.toml's dependency groups, in 25.1.
.venv/package: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python of at least 3.11 found; name one: make PYTHON=..." >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) --upgrade "pip>=25.1"
	@$(PIP) --editable .
	@touch $@

.venv/groups: .venv/package
	@echo "Installing what tests and checks need ..."
	@$(PIP) --group test --group check
	@touch $@

.mysql/installed: pyproject.toml .venv/package
	@echo "Installing a driver for MySQL ..."
	@$(PIP) --target .mysql --group mysql
	@touch $@

.uwsgi/installed: .venv/package
	@echo "Installing two releases of uWSGI ..."
	@$(PIP) --only-binary :all: --target .uwsgi/older "pyuwsgi==2.0.26"
	@$(PIP) --only-binary :all: --target .uwsgi/newer "pyuwsgi>=2.0.27"
	@touch $@

.libraries/installed: pyproject.toml
	@echo "Installing the libraries that rows speak of ..."
	@$(PYTHON) -m venv .libraries
	@.libraries/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@.libraries/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group libraries
	@for release in scheduler-4 telegram-13; do .libraries/bin/python -m pip install --quiet \
		--disable-pip-version-check --target .libraries/$$release --group $$release || exit 1; done
	@touch $@

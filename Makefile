# Two commands for newcomers: `make run` and `make test`. Both set up what they need; both are quick the second time.
# PORT and KWETSBAAR_DATA (the data directory) are honoured.

PYTHON ?= python3
PY := .venv/bin/python
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
export PYTHONUNBUFFERED := 1

.PHONY: run test coverage check bench messages lock clean

run: .venv/run $(CATALOGUES)
	@exec $(PY) -m kwetsbaar

test: .venv/test $(CATALOGUES)
	@echo "Looking for a Chromium …"
	@CHROMIUM="$$($(PY) tests/chromium.py)" && export CHROMIUM && $(MAKE) --no-print-directory check && \
	echo "Tests (some minutes) …" && $(PY) -m pytest -n 3

# The same tests, and which lines they reach; it takes a third longer
coverage: .venv/test $(CATALOGUES)
	$(PY) -m pytest -n 3 --cov --cov-report=term:skip-covered

# What the site can bear, and what growth costs (about half an hour, the first time longer; needs wrk, on a quiet machine)
bench: .venv/test $(CATALOGUES)
	$(PY) -m benchmarks.load --rows 1000,100000,10000000 --data .data/bench --json .data/bench.json

# Linters, known holes, types, architecture, and migrations that the code of before can live with
check: .venv/test $(CATALOGUES)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m bandit --quiet --configfile pyproject.toml --recursive kwetsbaar exercises
	$(PY) -m tests.audit
	.venv/bin/djade --check --target-version 5.2 $$(git ls-files -co --exclude-standard 'templates/*.html')
	.venv/bin/lint-imports
	$(PY) -m tests.cluster -m mypy
	$(PY) -m tests.cluster manage.py makemigrations --check --dry-run -v0
	$(PY) -m tests.cluster manage.py lintmigrations --settings tests.with_linter --quiet ok ignore
	$(PY) -m tests.cluster manage.py check

.venv/bin/python:
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv

.venv/run: requirements.txt | .venv/bin/python
	@echo "Installing the packages (about half a minute the first time) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/test: requirements-dev.txt | .venv/bin/python
	@echo "Installing the packages for tests (about half a minute the first time) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The catalogues that Django reads, from the ones that people write
%.mo: %.po | .venv/bin/python
	@$(PY) -m babel.messages.frontend compile --input-file $< --output-file $@ >/dev/null

# After a change of interface words: put new ones into the catalogue, then translate them there
messages: .venv/run
	$(PY) -m tests.messages

# After a change of the dependencies in pyproject.toml (needs uv)
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate pyproject.toml --group dev -o requirements-dev.txt
	sed -i "1i # Locked on $$(date -u +%F)" requirements.txt requirements-dev.txt

# What was installed and built; what people wrote (.data) stays
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis $(CATALOGUES)

# `make` lists what there is. Everything runs from .venv, which is made from requirements.lock.
SHELL := /bin/bash
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements-uv.lock)
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never

# The first interpreter that runs, is new enough and can make an environment; a shim on PATH may exist and fail.
FIND_PYTHON = for p in python3.13 python3.12 python3 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1 && { echo "$$p"; exit 0; }; done; exit 1

.PHONY: help setup audit demo story test test-all test-spark coverage bench bench-peers validation lint lock trust thresholds messages pictures lab clean
help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .venv/.complete ## create .venv from requirements.lock
	@$(BIN)/python -m compileall -q src
	@if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then \
	  git config filter.nbstripout.clean "$(BIN)/python -m nbstripout --keep-id" && git config filter.nbstripout.smudge cat; fi

.venv/.complete: requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)) || { echo "workbench needs Python 3.12 or newer with venv (Debian: python3-venv); none of python3.13, python3.12, python3, python runs one." >&2; exit 2; }; \
	echo "Installing the locked packages into .venv with $$("$$python" --version) (about a minute)"; \
	[ -x $(BIN)/python ] || "$$python" -m venv .venv
	@[ "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_VERSION)" ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m ipykernel install --sys-prefix --name workbench --display-name "Workbench" >/dev/null
	@touch $@

demo: setup ## four studies on sample data, their headlines and reports (2 minutes)
	@$(BIN)/python examples/tour.py demo && echo "\`make\` lists what else there is; \`make story\` joins four studies."

story: setup ## four studies that read each other, on a simulated company (up to 15 minutes)
	@$(BIN)/python examples/tour.py story

test: setup ## the tests (a few minutes)
	COVERAGE_CORE=sysmon $(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(COVER)

coverage: ## the same, and how much of the code they run; CI holds the floor
	@$(MAKE) --no-print-directory test COVER="--cov --cov-report=term:skip-covered"

test-all: setup ## the tests with the slow statistical ones
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not spark"

bench: setup ## speed and memory beside what a user would pick instead
	$(BIN)/python benchmarks/run.py

bench-peers: setup ## value beside pymc-marketing, trials beside tea-tasting, which have an environment of their own (build/peers)
	@[ -x build/peers/bin/python ] || $(BIN)/uv venv --quiet --python $(BIN)/python build/peers
	$(BIN)/uv pip install --quiet --python build/peers/bin/python pymc-marketing tea-tasting "ibis-framework[duckdb]"
	$(BIN)/python benchmarks/value.py build/peers/bin/python
	$(BIN)/python benchmarks/trials.py ab --peer build/peers/bin/python

validation: setup ## what initiatives return beside the truth of simulated companies, an hour at a time; writes its page
	PYTHONPATH=. $(BIN)/python -m benchmarks.validation

lint: setup ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

RESOLVE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.12 \
	--custom-compile-command "make lock"
COMPILE = $(RESOLVE) --extra samples --extra dev
lock: setup ## resolve pyproject.toml into the locks again, and the audit's
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra spark --constraints requirements.lock pyproject.toml --output-file requirements-spark.lock
	echo pip-audit | $(RESOLVE) - --output-file requirements-audit.lock

audit: setup ## known vulnerabilities of what is locked; says so where no advisory source can be reached
	@rm -rf build/audit && mkdir -p build/audit
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target build/audit/lib --require-hashes -r requirements-audit.lock
	@PYTHONPATH=build/audit/lib $(BIN)/python -m pip_audit --vulnerability-service osv --timeout 15 --progress-spinner off --require-hashes \
	  --disable-pip --format json --requirement requirements.lock > build/audit/found.json 2> build/audit/complaints.txt || true
	@$(BIN)/python .ci/audit.py build/audit/found.json build/audit/complaints.txt

trust: setup ## attack all promises of docs/trust.md, slow tests too, and write their figures
	$(BIN)/python docs/trust.py

test-spark: setup ## the features on PySpark beside DuckDB (own environment, 1 GB; Debian: openjdk-17-jre-headless)
	@[ -x .venv-spark/bin/python ] || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-spark
	$(BIN)/uv pip sync --quiet --python .venv-spark/bin/python --require-hashes requirements-spark.lock
	$(BIN)/uv pip install --quiet --python .venv-spark/bin/python --no-deps --no-build-isolation --editable .
	PYSPARK_PYTHON=$(CURDIR)/.venv-spark/bin/python .venv-spark/bin/python -m pytest -m spark tests/features

thresholds: setup ## docs/thresholds.md: every number that decides something, with its source
	$(BIN)/python docs/thresholds.py

messages: setup ## every sentence for people as workbench.pot, for translators
	$(BIN)/python -m workbench.messages > workbench.pot

pictures: setup ## those of README, from the last runs of `make story` and campaign_return
	$(BIN)/python docs/pictures.py

lab: setup ## JupyterLab in this project
	$(BIN)/workbench lab

clean: ## remove the environment and caches (never reports or data)
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .coverage .hypothesis .worlds

.DEFAULT_GOAL := help
SHELL := bash
BIN := .venv/bin
SERVE ?= 1
WORKERS ?= $(shell nproc)

.PHONY: help setup demo test cite bench check format lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 10

setup: .venv/.ready ## Debian packages, Python environment (once; again when a lock changes)

.venv/.ready: requirements-dev.lock docker/uv.lock docker/install-debian.sh pyproject.toml hatch_build.py $(wildcard twin/clash/kernel/*.py)
	@[ -n "$$TWIN_DATABASE_URL" ] || docker/install-debian.sh system
	docker/install-debian.sh python
	@touch $@

demo: setup ## write the pilot ward, import it, check a trench, serve on http://127.0.0.1:8000 (SERVE=0: do not serve)
	$(BIN)/twin demo $(if $(filter 0,$(SERVE)),--no-serve)

test: setup ## all tests (WORKERS=n processes)
	$(BIN)/pytest -n $(WORKERS) --dist loadscope

cite: setup ## OGC's own test suites against a running server (CITE_JARS=folder with their jars, CITE_CRS=EPSG:...)
	$(BIN)/python tests/cite/run.py $(if $(CITE_JARS),--jars $(CITE_JARS)) $(if $(CITE_CRS),--crs $(CITE_CRS))

bench: setup ## benchmarks beside the peers (ONLY=import, ogc, clash, scene; OPTIONS=...)
	@for bench in $(if $(ONLY),tests/benchmarks/bench_$(ONLY).py,$(wildcard tests/benchmarks/bench_*.py)); do \
	  echo "== $$bench" && $(BIN)/python $$bench $(OPTIONS) || exit 1; done

check: setup ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## let ruff format and fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: setup ## resolve the pinned dependencies into hashed locks
	cd docker && ../.tools/bin/uv pip compile uv.in $(LOCK) -o uv.lock
	.tools/bin/uv pip compile pyproject.toml --group build $(LOCK) -o requirements.lock
	.tools/bin/uv pip compile pyproject.toml --group dev -c requirements.lock $(LOCK) -o requirements-dev.lock

LOCK := --quiet --universal --python-version 3.12 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean: ## remove the environment and the caches (never .twin, the city's data)
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

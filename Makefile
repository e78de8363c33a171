# Needs Python 3.10 or newer and the package registry; everything else is installed into .venv.
PYTHON ?= python3
# The oldest supported Python, if it is installed.
OLDEST_PYTHON ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.10.*/bin/python /usr/bin/python3.10) $(PYTHON))
UV = .venv/bin/uv
IN_VENV = .venv/bin/
VERSION = src/opentelemetry/instrumentation/openrouter/version.py
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/opentelemetry-instrumentation-openrouter
ACTIONLINT_VERSION = v1.7.12
ACTIONLINT = $(CACHE)/actionlint-$(ACTIONLINT_VERSION)/actionlint

.PHONY: demo simulator test test-newest test-oldest test-openrouter test-unit frameworks interop neighbours backends go-servers fleet conformance torture instructions lint types site package check clean

demo: .venv/demo ## run an example program with the instrumentation, and print its calls
	$(IN_VENV)python examples/demo/run.py

simulator: .venv/demo ## run the simulator of OpenRouter, and print how to call it
	$(IN_VENV)python -m tests.simulator

test: test-newest test-oldest test-openrouter ## unit and integration tests, on the newest and on the oldest supported SDKs

test-unit: .venv/dev ## the unit tests only: no SDK, no server, seconds
	$(IN_VENV)pytest -q tests/unit tests/test_architecture.py

test-newest: .venv/dev
	$(IN_VENV)pytest -n 2 -m 'not exhaustive' --cov --cov-report=term
	$(IN_VENV)pytest -n 2 -m exhaustive

test-oldest: .venv-oldest/dev
	.venv-oldest/bin/pytest -n 2

test-openrouter: .venv-openrouter/dev
	.venv-openrouter/bin/pytest -n 2 tests/integration/test_openrouter_sdk.py

frameworks: .venv/dev ## run frameworks, each in its own environment; checks the table in docs/frameworks.md
	$(IN_VENV)python -m tests.interop.frameworks.run

interop: .venv/dev ## run every way of calling beside other instrumentations; checks the tables in docs/other-instrumentations.md and docs/moving.md
	$(IN_VENV)python -m tests.interop.instrumentors.run
	$(IN_VENV)python -m tests.interop.instrumentors.moving

neighbours: interop ## the old name of `interop`, kept for one release

backends: .venv/dev ## run real backend servers and read the telemetry back; checks the table in docs/backends.md
	$(IN_VENV)python -m tests.backends.run

go-servers: .venv/dev ## build the servers that are written in Go; `backends` and `fleet` also build those that are missing
	$(IN_VENV)python -m tests.backends.go_servers

fleet: .venv/dev ## many processes through Collectors to Jaeger and Prometheus, with faults; see docs/fleet.md
	$(IN_VENV)python -m tests.fleet.run

conformance: .venv/dev ## call each SDK release with and without the instrumentation and compare; see docs/compatibility.md
	$(IN_VENV)python -m tests.conformance.matrix

torture: .venv/dev ## very many calls in one process: memory, open spans, lost cost; see docs/compatibility.md
	$(IN_VENV)python benchmarks/torture.py

instructions: .venv/dev ## count the instructions that a call costs, with valgrind; writes the table in docs/performance.md
	$(IN_VENV)python benchmarks/instructions.py --write-docs

lint: .venv/dev ## ruff, each ignore with its reason; the workflows and the issue forms
	$(IN_VENV)ruff check .
	$(IN_VENV)ruff format --check .
	$(IN_VENV)zizmor --offline --pedantic --quiet .github/workflows
	$(IN_VENV)check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(IN_VENV)check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@if command -v go > /dev/null; then $(MAKE) -s $(ACTIONLINT) && $(ACTIONLINT) -shellcheck= -pyflakes= .github/workflows/*.yml; \
	else echo "actionlint is left out, because Go is not installed."; test -z "$$CI"; fi

types: .venv/dev .venv-site/site ## pyright, strict, on everything
	$(IN_VENV)pyright
	$(IN_VENV)pyright --project website --pythonpath .venv-site/bin/python

site: .venv-site/site ## build the site of the documentation strictly into site/, and test it in a headless Chromium
	rm -rf site
	@# not with -q, which hides the warnings from --strict
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --strict
	.venv-site/bin/pytest -q -rs --confcutdir=tests/site tests/site

package: .venv/dev ## build, check the metadata, install the wheel alone and import it
	rm -rf dist .venv-package
	$(UV) build -q
	$(IN_VENV)twine check --strict dist/*
	$(UV) venv -q --clear .venv-package --python $(IN_VENV)python
	$(UV) pip install -q --python .venv-package dist/*.whl
	.venv-package/bin/python -W error -c "from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor as I; I()"

check: test torture interop frameworks backends fleet conformance lint types site package demo ## all that CI runs

# From Go's module proxy, once per machine.
$(ACTIONLINT):
	GOBIN=$(@D) GOFLAGS=-buildvcs=false go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

# A venv is made once for each state of pyproject.toml and version.py.
.venv/uv:
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check uv
	touch $@

.venv/demo: .venv/uv pyproject.toml $(VERSION)
	$(UV) pip install -q --python .venv -e '.[demo]'
	touch $@

.venv/dev: .venv/uv pyproject.toml $(VERSION) Makefile
	$(UV) pip install -q --python .venv -e '.[instruments-any,demo]' --group dev
	touch $@

# The lowest version of every declared range. openai 1.26 passes `proxies` to httpx, which 0.28 dropped; OpenRouter's own
# SDK needs 0.28, so its lowest version has its own environment.
.venv-oldest/dev: .venv/uv pyproject.toml $(VERSION) Makefile
	$(UV) venv -q --clear --python $(OLDEST_PYTHON) .venv-oldest
	$(UV) pip install -q --python .venv-oldest --resolution lowest-direct -e . --group test 'openai >= 1.26.0' 'anthropic >= 0.51.0' 'httpx == 0.27.*'
	touch $@

.venv-openrouter/dev: .venv/uv pyproject.toml $(VERSION) Makefile
	$(UV) venv -q --clear --python .venv/bin/python .venv-openrouter
	$(UV) pip install -q --python .venv-openrouter -e '.[instruments-any]' --group test 'openrouter == 0.9.2'
	touch $@

.venv-site/site: .venv/uv pyproject.toml Makefile
	$(UV) venv -q --clear --python .venv/bin/python .venv-site
	$(UV) pip install -q --python .venv-site --group site
	touch $@

clean:
	rm -rf site .venv .venv-oldest .venv-openrouter .venv-site .venv-package .venv-frameworks .venv-backends .venv-matrix dist .coverage .pytest_cache .ruff_cache .hypothesis

# Everything starts here. `make demo` and `make test` need Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVERS := .cache/servers
LEVEL ?= smoke
ARGS ?=

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

# What a production settings file would be given: the checks must pass for it, and they open no connection.
CHECK_ENVIRONMENT := DATABASE_URL=postgres://console@127.0.0.1:1/console REDIS_URL=redis://127.0.0.1:1/0 \
	SECRET_KEY=only-for-make-check-0123456789-abcdefghijklmnopqrstuvwxyz \
	SAGA_PUBLIC_URL=https://console.example.com SAGA_PARTICIPANT_HOSTS=orders.example.com

# The parts one by one run on DATABASE_URL and REDIS_URL, or on what `make servers` has started.
WITH_SERVERS = set -a; [ -n "$$DATABASE_URL" ] || . ./$(SERVERS)/environment || \
	{ echo "Set DATABASE_URL, REDIS_URL and SECRET_KEY, or run 'make servers' in another terminal." >&2; exit 1; }; \
	set +a; exec

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check proto prove bench bench-pages faults screenshots servers manage web worker housekeeping dispatcher

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Options go into ARGS, for example: make demo ARGS='--port 8001 --fresh'"

setup: $(VENV)/.runtime  ## The virtual environment with what the console needs to run

setup-dev: $(VENV)/.dev  ## The same, with the tools for tests and checks

demo: $(VENV)/.runtime  ## The whole system, on its own PostgreSQL and Valkey, until Ctrl-C
	@exec $(BIN)/python manage.py demo $(ARGS)

test: check  ## All checks and all tests
	$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

check: $(VENV)/.dev  ## Format, lint, types, layers, migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(CHECK_ENVIRONMENT) $(BIN)/mypy
	$(CHECK_ENVIRONMENT) $(BIN)/lint-imports
	# Without a database Django warns that it cannot compare the migrations with it; the files are compared all the same.
	$(CHECK_ENVIRONMENT) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(CHECK_ENVIRONMENT) $(BIN)/python manage.py check --deploy --fail-level WARNING

proto: $(VENV)/.dev  ## The code generated from sagaconsole_proto/v1/*.proto, made anew
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. sagaconsole_proto/v1/*.proto

prove: $(VENV)/.dev  ## Play 10,000 random sagas against the rules
	@exec $(BIN)/python -m tests.core.prove $(ARGS)

bench: $(VENV)/.dev  ## Measure throughput and latency
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

bench-pages: $(VENV)/.dev  ## Measure pages, lists and live updates, on few sagas and on a million
	@exec $(BIN)/python -m tests.benchmarks.pages $(ARGS)

faults: $(VENV)/.dev  ## Break everything and count what is lost (LEVEL=smoke or long)
	@exec $(BIN)/python -m tests.faults --level $(LEVEL) $(ARGS)

screenshots: $(VENV)/.dev  ## Photograph every page, light and dark, wide and narrow, in both languages
	@exec $(BIN)/python -m tests.screenshots $(ARGS)

servers: $(VENV)/.runtime  ## PostgreSQL and Valkey for development, until Ctrl-C
	@exec $(BIN)/python -m sagaconsole.embedded --data-dir $(SERVERS)

manage: $(VENV)/.runtime  ## A management command: make manage ARGS=migrate
	@$(WITH_SERVERS) $(BIN)/python manage.py $(ARGS)

web: $(VENV)/.runtime  ## The console alone, on port 8000
	@$(WITH_SERVERS) $(BIN)/python -m uvicorn sagaconsole.asgi:application --host 127.0.0.1 --port 8000 \
		--lifespan off --timeout-graceful-shutdown 3 $(ARGS)

worker: $(VENV)/.runtime  ## One worker alone
	@$(WITH_SERVERS) $(BIN)/python manage.py work $(ARGS)

housekeeping: $(VENV)/.runtime  ## The worker that does bulk acts, alone
	@$(WITH_SERVERS) $(BIN)/python manage.py work --queue housekeeping $(ARGS)

dispatcher: $(VENV)/.runtime  ## The dispatcher alone
	@$(WITH_SERVERS) $(BIN)/python manage.py dispatcher $(ARGS)

# A stamp is written when its packages are complete, so that an interrupted set-up is taken up again.
$(VENV)/.runtime: requirements/runtime.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "sagaconsole needs Python 3.11 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, less than a minute)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PIP) -r requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Adding the tools for tests and checks to $(VENV)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

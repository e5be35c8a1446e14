# Two commands do all set-up on a fresh Debian or Raspberry Pi OS: `make demo` and `make test`.
PYTHON ?= python3
CONFIG ?= examples/greenhouse.toml
BIN := .venv/bin

# $(call need,command,Debian package): install it as root, or say what to type.
need = command -v $(1) >/dev/null || if [ "$$(id -u)" = 0 ]; \
	then apt-get -qq update && apt-get -qq install -y $(2); \
	else echo "$(1) is missing: run 'sudo apt install $(2)', then make again" >&2; exit 1; fi

.PHONY: demo test lint format docs bench clean

demo: .venv/demo
	$(BIN)/edge-agent simulate $(CONFIG) $(ARGS)

test: .venv/dev
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,openssl,openssl)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/dev
	$(BIN)/python docs/reference.py

bench: .venv/dev
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,strace,strace)
	$(BIN)/python -m benchmarks

.venv/bin/pip:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call need,no-ensurepip,python3-venv)
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/pip pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e '.[broker]'
	@touch $@

.venv/dev: .venv/bin/pip pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/demo

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

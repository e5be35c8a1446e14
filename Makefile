# Two commands do all set-up on a fresh Debian or Raspberry Pi OS: `make demo` and `make test`.
PYTHON ?= python3
CONFIG ?= examples/greenhouse.toml
BIN := .venv/bin

# $(call need,command,Debian package): install it as root, or say what to type.
need = command -v $(1) >/dev/null || if [ "$$(id -u)" = 0 ]; \
	then apt-get -qq update && apt-get -qq install -y $(2); \
	else echo "$(1) is missing: run 'sudo apt install $(2)', then make again" >&2; exit 1; fi

.PHONY: demo test test-vm lint format docs bench deb test-deb clean

demo: .venv/demo
	$(BIN)/edge-agent simulate $(CONFIG) $(ARGS)

test: .venv/dev
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,openssl,openssl)
	@$(call need,systemd-analyze,systemd)
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

# Real kernels in QEMU; from an empty cache it fetches some 400 MB of Debian packages.
test-vm: .venv/dev
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,perl,perl)
	cd tests/vm && $(CURDIR)/$(BIN)/python -m lab build
	$(BIN)/python -m pytest tests/vm -n 2 --dist loadfile -o faulthandler_timeout=600
	cd tests/vm && $(CURDIR)/$(BIN)/python -m lab report

deb:
	@$(call need,dh,debhelper)
	@$(call need,/usr/bin/pip3,python3-pip)
	@sh debian/build $(ARCH)

test-deb: .venv/dev
	@$(call need,dh,debhelper)
	@$(call need,/usr/bin/pip3,python3-pip)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mmdebstrap,mmdebstrap)
	@$(call need,lintian,lintian)
	nice $(BIN)/python -m pytest tests/packaging

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

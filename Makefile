# Two commands do all set-up on a fresh Debian or Raspberry Pi OS: `make demo` and `make test`.
PYTHON ?= python3
CONFIG ?= examples/greenhouse.toml
SEEDS ?= 1:20000
BIN := .venv/bin
# One worker a core; the tests of a file stay together, with the fixtures they share.
PARALLEL := -n auto --dist loadfile
# What `make test-fast` leaves out: real brokers, real processes, many random inputs.
SLOW := assembly deliver doctor drivers end_to_end evaluate/test_fuzz.py simulators/test_day.py \
	simulators/test_scenario.py simulation survey torture test_plugin.py

# $(call need,command,Debian package): install it as root, or say what to type.
need = command -v $(1) >/dev/null || if [ "$$(id -u)" = 0 ]; \
	then apt-get -qq update && apt-get -qq install -y $(2); \
	else echo "$(1) is missing: run 'sudo apt install $(2)', then make again" >&2; exit 1; fi

.PHONY: help demo test test-fast test-nightly test-vm test-deb torture simulation lint format docs bench deb clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-12s  %s\n", $$1, $$2 }' Makefile

demo: .venv/demo  ## run a simulated greenhouse with a broker built in (ARGS=--no-broker: use yours)
	$(BIN)/edge-agent simulate $(CONFIG) $(ARGS)

test: lint  ## everything a merge must pass: lint, and all tests but the nightly ones
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,openssl,openssl)
	@$(call need,systemd-analyze,systemd)
	@$(call need,cc,gcc libc6-dev)
	$(BIN)/python -m pytest $(PARALLEL)

test-fast: .venv/dev  ## a minute of tests: no drivers, delivery, doctor, survey, restarts or end to end
	$(BIN)/python -m pytest $(PARALLEL) -m 'not nightly and not slow' $(SLOW:%=--ignore=tests/%)

test-nightly: .venv/dev  ## the tests that take minutes: simulated days, many kills
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	$(BIN)/python -m pytest $(PARALLEL) -m nightly

torture: .venv/dev  ## inject every fault into a real agent, and write docs/torture.md (30 minutes)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,cc,gcc)
	nice $(BIN)/python -m tests.torture $(ARGS)

simulation: .venv/dev  ## simulate 20,000 worlds, and write docs/simulation.md (30 minutes)
	nice $(BIN)/python -m tests.simulation --seeds $(SEEDS) --report

lint: .venv/dev  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/dev  ## format the code, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/dev  ## write the generated pages of docs/
	$(BIN)/python docs/reference.py

bench: .venv/dev  ## measure speed, memory and SD-card wear
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,strace,strace)
	$(BIN)/python -m benchmarks

# From an empty cache it fetches some 400 MB of Debian packages.
test-vm: .venv/dev  ## test on real kernels in QEMU, and write docs/kernel-tests.md (root, amd64)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,perl,perl)
	cd tests/vm && $(CURDIR)/$(BIN)/python -m lab build
	$(BIN)/python -m pytest tests/vm -n 2 --dist loadfile
	cd tests/vm && $(CURDIR)/$(BIN)/python -m lab report

deb:  ## build the Debian package (ARCH=arm64: for another architecture)
	@$(call need,dh,debhelper)
	@$(call need,/usr/bin/pip3,python3-pip)
	@sh debian/build $(ARCH)

test-deb: .venv/dev  ## build, install, upgrade and remove the Debian package in a chroot (root)
	@$(call need,dh,debhelper)
	@$(call need,/usr/bin/pip3,python3-pip)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mmdebstrap,mmdebstrap)
	@$(call need,lintian,lintian)
	nice $(BIN)/python -m pytest tests/packaging

clean:  ## remove everything that was built here
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/pip:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call need,no-ensurepip,python3-venv)
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/pip pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e '.[broker]'
	@touch $@

.venv/dev: .venv/bin/pip pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/demo

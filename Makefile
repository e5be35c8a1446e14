# Two commands do all set-up on a fresh Debian or Raspberry Pi OS: `make demo` and `make test`.
PYTHON ?= python3
SEEDS ?= 1:20000
BIN := .venv/bin
# Tests and tools start hundreds of processes: none compiles what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE
# Three workers for two cores, for half of the time they wait for other processes; the tests of a
# file stay together, with the fixtures they share; tests/conftest.py orders the files.
PARALLEL := -n $(shell expr $$(nproc) \* 3 / 2) --dist loadfile --no-loadscope-reorder
# What `make test-fast` leaves out: real brokers, real processes, many random inputs.
SLOW := assembly deliver doctor drivers end_to_end fuzz simulators/test_day.py \
	simulators/test_scenario.py simulation survey torture prometheus test_plugin.py

FAST := $(PARALLEL) -m 'not nightly and not buses and not slow' $(SLOW:%=--ignore=tests/%)
PYTHONS := 3.11 3.12 3.13 3.14
# What `make test` runs once more with the Python of the latest Raspberry Pi OS.
LATEST := $(PARALLEL) -m 'not nightly and not buses and not slow' tests/test_imports.py tests/store tests/evaluate tests/schema
PYTHON_ENVIRONMENT := $(HOME)/.cache/edge-agent-tests/python

# What runs each night, beside the tests of kernels and packages that need root.
NIGHTLY := test-nightly test-pythons test-container test-buses fuzz soak soak-week heavy-days torture simulation sbom audit-dependencies
MINUTES := 30
BUS ?= mqtt
# What can be installed, by extra; `core` is without any.
EXTRAS := core spi serial demo broker notify metrics home-assistant web consumers postgresql kafka amqp aws avro

# Drivers that the tests read our models with; the packages want different versions of one package,
# although they work with the same.
SENSIRION := sensirion-i2c-scd30 sensirion-i2c-sen5x sensirion-i2c-sht3x sensirion-i2c-sht4x sensirion-i2c-sps30

# $(call need,command,Debian package): install it as root, or say what to type.
need = command -v $(1) >/dev/null || if [ "$$(id -u)" = 0 ]; \
	then apt-get -qq update && apt-get -qq install -y $(2); \
	else echo "$(1) is missing: run 'sudo apt install $(2)', then make again" >&2; exit 1; fi

need_libmosquitto = [ -e /usr/include/mosquitto.h ] || $(call need,mosquitto.h,libmosquitto-dev)

# Debian keeps initdb off the PATH. What is installed for tests starts no server at boot.
need_postgresql = ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	if [ "$$(id -u)" = 0 ]; then mkdir -p /etc/postgresql-common && \
	echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf && \
	apt-get -qq update && apt-get -qq install -y postgresql; \
	else echo "initdb is missing: run 'sudo apt install postgresql', then make again" >&2; exit 1; fi

# Unpacked only: the package would start servers at boot.
PROMETHEUS := $(HOME)/.cache/edge-agent-tests/prometheus
download = apt-get -qq -o APT::Sandbox::User=root download
need_prometheus = command -v promtool >/dev/null || [ -x $(PROMETHEUS)/usr/bin/promtool ] || { \
	mkdir -p $(PROMETHEUS) && cd $(PROMETHEUS) && \
	{ $(download) prometheus || { apt-get -qq update && $(download) prometheus; }; } && \
	dpkg -x prometheus_*.deb . && rm prometheus_*.deb; }

# In the cache, so that `make clean` and other worktrees keep it; the last version for Python 3.12.
HOME_ASSISTANT := $(HOME)/.cache/edge-agent-tests/home-assistant-2025.1.4
HOME_ASSISTANT_PYTHON ?= $(lastword python3.12 $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python3.12))

.PHONY: help demo demo-kafka demo-amqp demo-sqs demo-fleet test test-fast test-pythons test-container test-nightly test-browser test-buses test-home-assistant test-vm test-deb torture simulation heavy-days rules-model screenshots fuzz soak soak-week soak-year backlog long-log drain sbom audit-dependencies nightly lint format docs bench peers deb clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-12s  %s\n", $$1, $$2 }' Makefile

demo: .venv/demo  ## run a simulated greenhouse with a broker and a page (ARGS=--no-broker: use yours)
	@echo "starting: the first reading is a few seconds away"
	@$(BIN)/edge-agent demo $(ARGS)

demo-kafka: .venv/dev  ## run it into a real Kafka, which kcat reads (internet, Java)
	@$(call need,java,default-jre-headless)
	@$(call need,mvn,maven)
	@$(call need,kcat,kcat)
	$(BIN)/python -m tests.buses.demo kafka

demo-amqp: .venv/dev  ## run it into a real RabbitMQ, which amqp-tools read (root, or both installed)
	$(BIN)/python -m tests.buses.demo amqp

demo-sqs: .venv/dev  ## run it into an SQS queue of moto, which boto3 reads (internet)
	$(BIN)/python -m tests.buses.demo sqs

demo-fleet: .venv/dev  ## three nodes, an alert about two, windows and the audit (BUS=kafka: over it)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@[ "$(BUS)" != kafka ] || { $(call need,java,default-jre-headless); }
	@[ "$(BUS)" != kafka ] || { $(call need,mvn,maven); }
	$(BIN)/python -m tests.buses.fleet_demo $(BUS)

test: lint  ## everything a merge must pass: lint, and all tests but the nightly ones
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,openssl,openssl)
	@$(call need,systemd-analyze,systemd)
	@$(call need_postgresql)
	@$(call need_prometheus)
	@$(call need,cc,gcc libc6-dev)
	$(BIN)/python -m pytest $(PARALLEL)
	@$(MAKE) --no-print-directory python-3.13 PART="$(LATEST)"
	@$(MAKE) --no-print-directory test-browser

test-fast: .venv/dev  ## a minute of tests: no drivers, delivery, doctor, survey, restarts or end to end
	$(BIN)/python -m pytest $(FAST)

# Their environments are in the cache, so that `make clean` and other worktrees keep them.
test-pythons: $(PYTHONS:%=python-%)  ## the same with each Python from 3.11 to 3.14 that is installed here

python-%:
	@sh .ci/python-venv $* $(PYTHON_ENVIRONMENT)-$*
	@[ ! -x $(PYTHON_ENVIRONMENT)-$*/bin/pytest ] || $(PYTHON_ENVIRONMENT)-$*/bin/python -m pytest -q $(or $(PART),$(FAST))

test-container:  ## build and run the container image, if podman or docker runs here
	@sh .ci/test-container

test-nightly: .venv/dev  ## the tests that take minutes: simulated days, many kills, Node-RED, Telegraf
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,npm,npm)
	@$(call need,go,golang-go)
	$(BIN)/python -m pytest $(PARALLEL) -m 'nightly and not buses'

# What is missing is fetched once, into ~/.cache/edge-agent-tests. One server at a time: they are large.
test-buses: .venv/dev  ## test every sink on a real server, and write the report in docs/proof.md (Java)
	@$(call need,javac,default-jdk-headless)
	@$(call need,mvn,maven)
	@$(call need,kcat,kcat)
	nice $(BIN)/python -m pytest -m buses tests/buses $(if $(ARGS),,--report) $(ARGS)

# Home Assistant has its own environment, of 600 MB: it wants other versions of what the agent needs.
test-home-assistant: .venv/dev $(HOME_ASSISTANT)/installed  ## test in a real Home Assistant, and write the report in docs/proof.md
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	HOME_ASSISTANT=$(HOME_ASSISTANT)/bin/hass \
		nice $(BIN)/python -m pytest -m home_assistant tests/home_assistant $(if $(ARGS),,--report) $(ARGS)

# Chromium of Debian with its driver, and axe-core of npm: nothing but loopback is asked.
test-browser: .venv/dev  ## test the page in a real Chromium (a minute)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,chromium,chromium)
	@$(call need,chromedriver,chromium-driver)
	@$(call need,npm,npm)
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

screenshots: .venv/dev  ## take the pictures of docs/web.md, by a real Chromium
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,chromium,chromium)
	@$(call need,chromedriver,chromium-driver)
	PYTHONPATH=tests/vm $(BIN)/python -m tests.browser.screenshots

torture: .venv/dev  ## inject every fault into a real agent, and write docs/torture.md (30 minutes)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,cc,gcc)
	nice $(BIN)/python -m tests.torture $(ARGS)

simulation: .venv/dev  ## simulate 20,000 worlds, and write docs/simulation.md (30 minutes)
	nice $(BIN)/python -m tests.simulation --seeds $(SEEDS) --report

heavy-days: .venv/dev  ## 100,000 measurements under faults that overlap, and their report in docs/proof.md
	nice $(BIN)/python -m tests.simulators.heavy_days $(ARGS)

rules-model: .venv/dev  ## compare the rules with a model written from the pages (SEEDS=1:20000)
	nice $(BIN)/python -m tests.evaluate.reference $(SEEDS)

fuzz: .venv/fuzz  ## 100,000 inputs for every surface, and their report in docs/proof.md (an hour)
	cd tests/fuzz && nice $(CURDIR)/$(BIN)/python -m fuzzing $(ARGS)

soak: .venv/dev  ## run an agent under load, and write the report in docs/proof.md (MINUTES=30)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	nice $(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

backlog: .venv/dev  ## let consumers take a backlog of 1,000,000 events, in flat memory (10 minutes)
	nice $(BIN)/python -m benchmarks.backlog

long-log: .venv/dev  ## start with a log of 10,000,000 events, and ask it (2 minutes)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	$(BIN)/python -m benchmarks.long_log

drain: .venv/dev  ## deliver a backlog of 10,000,000 events, in flat memory (20 minutes)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	nice $(BIN)/python -m benchmarks.throughput --backlog 10000000

soak-week: .venv/dev  ## simulate a week of an agent, and write the report in docs/proof.md (10 minutes)
	nice $(BIN)/python -m tests.simulation.week

soak-year: .venv/dev  ## simulate a year of an agent with slow sensors, and write its report (4 hours)
	nice $(BIN)/python -m tests.simulation.week --year

sbom: .venv/supply $(EXTRAS:%=build/runtime/%)  ## list what each extra installs, as dist/sbom-*.json
	@mkdir -p dist
	for extra in $(EXTRAS); do $(BIN)/cyclonedx-py environment --pyproject pyproject.toml \
		--output-reproducible -o dist/sbom-$$extra.json build/runtime/$$extra || exit 1; done

audit-dependencies: .venv/supply $(EXTRAS:%=build/runtime/%)  ## look for known vulnerabilities
	@sh .ci/audit-dependencies $(EXTRAS:%=build/runtime/%)

nightly:  ## all that runs each night; a failure does not keep the rest from running
	$(MAKE) --keep-going $(NIGHTLY)

lint: .venv/dev  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/dev  ## format the code, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/dev  ## write the generated pages of docs/
	$(BIN)/python docs/reference.py

bench: .venv/dev  ## measure speed, memory and wear (BEFORE=commit: beside it)
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,mosquitto_sub,mosquitto-clients)
	@$(call need,strace,strace)
	@$(call need,cc,gcc libc6-dev)
	@$(need_libmosquitto)
	$(BIN)/python -m benchmarks

peers: .venv/dev  ## measure it beside other publishers, as benchmarks/peers.md
	@$(call need,/usr/sbin/mosquitto,mosquitto)
	@$(call need,cc,gcc libc6-dev)
	@$(need_libmosquitto)
	@$(call need,go,golang-go)
	$(BIN)/python -m benchmarks.peers

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

.venv/demo: pyproject.toml
	@sh .ci/install-demo $(PYTHON)
	@touch $@

# What one extra needs at run time, and nothing else.
build/runtime/%: .venv/bin/pip pyproject.toml
	rm -rf $@
	$(PYTHON) -m venv --without-pip $@
	$(BIN)/pip --python $@ install -q --disable-pip-version-check \
		'.$(patsubst %,[%],$(filter-out core,$*))' || { rm -rf $@; exit 1; }
	$(BIN)/pip --python $@ uninstall -q -y edge-agent

# Its test package brings most of what its components need.
$(HOME_ASSISTANT)/installed:
	@$(HOME_ASSISTANT_PYTHON) --version
	rm -rf $(HOME_ASSISTANT)
	$(HOME_ASSISTANT_PYTHON) -m venv $(HOME_ASSISTANT)
	$(HOME_ASSISTANT)/bin/pip install -q --disable-pip-version-check \
		pytest-homeassistant-custom-component==0.13.205 janus==1.1.0 \
		home-assistant-frontend==20250109.2 pyotp==2.8.0 PyQRCode==1.2.1
	@touch $@

.venv/fuzz: .venv/dev
	$(BIN)/pip install -q --disable-pip-version-check -e '.[fuzz]'
	@touch $@

.venv/supply: .venv/dev
	$(BIN)/pip install -q --disable-pip-version-check -e '.[supply]'
	@touch $@

.venv/dev: .venv/bin/pip pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	$(BIN)/pip install -q --disable-pip-version-check --no-deps $(SENSIRION)
	@touch $@ .venv/demo

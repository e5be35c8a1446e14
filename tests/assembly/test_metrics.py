"""The metrics of a whole agent: off by default, and no reason for it to end."""

import logging
import socket
import subprocess
import sys
import urllib.request
from collections import defaultdict
from contextlib import closing

import pytest
from lab.agent import AgentProcess
from prometheus_client.parser import text_string_to_metric_families

from edge_agent.assembly.metrics import Metrics, read_state
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.config.listen import listen_address
from edge_agent.errors import ConfigError
from edge_agent.events import Subscription
from edge_agent.store.event_log import EventLog
from tests.configurations import shed

NOWHERE = "mqtt://127.0.0.1:1"


@pytest.fixture
def configure(tmp_path):
    """A function: write a configuration with `[metrics]`; return its file."""

    def write(listen, url=NOWHERE, limit=10):
        path = tmp_path / "shed.toml"
        path.write_text(shed(url, limit=limit) + f'\n[metrics]\nlisten = "{listen}"\n')
        return path

    return write


@pytest.fixture
def run(tmp_path, configure):
    """A function: start the real program with metrics at a port; the end of the test stops it."""
    processes = []

    def start(port, url=NOWHERE, limit=10):
        text = configure(f"127.0.0.1:{port}", url, limit).read_text()
        processes.append(AgentProcess(tmp_path, "", text).start())
        return processes[-1]

    yield start
    for each in processes:
        each.stop()


def samples(port):
    """Return what Prometheus would see, by name and labels; None if nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    found = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found[one.name, *one.labels.values()] = one.value
    return found


def until(wait_for, port, condition):
    """Return the samples as soon as they fulfil a condition."""

    def ask():
        found = samples(port)
        return found if found and condition(found) else None

    return wait_for(ask)


def test_a_running_agent_shows_readings_rules_outputs_sinks_log_and_threads(
    run, port, broker, wait_for
):
    run(port, broker.url)
    found = until(wait_for, port, lambda one: one["edge_sink_delivered_events_total", "mqtt"] > 20)
    assert found["edge_readings_total", "air", "good"] > 1
    assert found["edge_device_good", "air"] == 1
    assert found["edge_measurement_seconds_count", "air"] > 1
    assert found["edge_measurement_lateness_seconds_count", "air"] > 1
    assert found["edge_rule_state", "warm", "firing"] == 1
    assert found["edge_output_ratio", "fan"] == 1
    assert found["edge_output_switches_total", "fan"] >= 1
    assert found["edge_sink_connected", "mqtt"] == 1
    assert found["edge_sink_ack_seconds_count", "mqtt"] > 0
    assert found["edge_log_commits_total",] > 1
    assert found["edge_log_fsync_seconds_sum",] > 0
    assert 0 < found["edge_log_bytes",] < found["edge_log_limit_bytes",]
    assert found["edge_log_events",] > 20
    assert found["edge_disk_written_bytes_total",] >= 0
    assert found["edge_clock_synced",] == 1
    assert found["process_resident_memory_bytes",] > 1e6
    until(wait_for, port, lambda one: ("edge_thread_silence_seconds", "engine") in one)


def test_without_a_broker_the_lag_grows_and_tries_are_counted(run, port, wait_for):
    run(port)
    found = until(wait_for, port, lambda one: one["edge_sink_waiting_events", "mqtt"] > 50)
    assert found["edge_sink_lag_seconds", "mqtt"] > 0
    assert found["edge_sink_delivered_events_total", "mqtt"] == 0
    until(wait_for, port, lambda one: one["edge_sink_retries_total", "mqtt"] > 0)
    until(wait_for, port, lambda one: one["edge_sink_connected", "mqtt"] == 0)


def test_a_restart_shows_a_rule_that_still_fires(run, port, broker, wait_for):
    first = run(port, broker.url)
    until(wait_for, port, lambda one: one["edge_rule_state", "warm", "firing"] == 1)
    assert first.stop() == 0
    run(port, broker.url)
    until(wait_for, port, lambda one: one["edge_rule_state", "warm", "firing"] == 1)


def test_an_agent_whose_port_is_taken_measures_on_and_says_so(run, port, wait_for):
    with socket.create_server(("127.0.0.1", port)):
        one = run(port)
        wait_for(lambda: one.output.exists() and one.says("Address already in use; name another"))
        wait_for(lambda: one.log.exists() and len(one.events()) > 20)
        assert one.stop() == 0


def test_without_metrics_figures_go_nowhere(tmp_path):
    path = tmp_path / "shed.toml"
    path.write_text(shed(NOWHERE))
    metrics = Metrics(resolve(path), tmp_path / "shed.db", SystemClock())
    assert metrics._worker is None
    assert metrics._metrics is None


def test_a_log_that_cannot_be_read_is_said_and_the_rest_is_shown(tmp_path, configure):
    config = resolve(configure("127.0.0.1:9273")).config
    state = read_state(config, tmp_path / "none.db", SystemClock())
    assert state.log is None
    assert state.disk.size > state.disk.free > 0


def test_what_is_lost_for_a_sink_is_shown_by_reason(tmp_path, configure):
    config = resolve(configure("127.0.0.1:9273")).config
    path = tmp_path / "shed.db"
    log = EventLog.open(path, boot="a")
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("old")], 0)
        log.account.register([Subscription("mqtt")], 0)
        log.account.drop_unrecorded({"reading": 3}, "disk_full")
    with closing(log):
        sinks = read_state(config, path, SystemClock()).log.sinks
    assert set(sinks) == {"mqtt"}, "no event waits for a sink that is not configured"
    assert sinks["mqtt"].dropped["disk_full"] == 3
    assert sinks["mqtt"].dropped["max_size"] == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9273", ("127.0.0.1", 9273)),
        ("[::1]:9273", ("::1", 9273)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_read(text, address):
    assert listen_address(text) == address


MISTAKES = ["9273", ":9273", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:9273", "a.b:1"]
MISTAKES += ["127.0.0.1:+1", "[127.0.0.1:9]", "http://127.0.0.1:9273", "[]:1", "127.0.0.1:²"]


@pytest.mark.parametrize("text", MISTAKES)
def test_check_finds_what_is_no_address(configure, text):
    with pytest.raises(ConfigError, match=r"metrics.listen = .*write one such as 127.0.0.1:9273"):
        resolve(configure(text))


def test_check_finds_that_the_package_is_missing(configure, monkeypatch):
    monkeypatch.setattr("edge_agent.blueprint.metrics.PACKAGE", "no_such_package")
    with pytest.raises(ConfigError, match=r"pip install 'edge-agent\[metrics\]'"):
        resolve(configure("127.0.0.1:9273"))


def test_check_succeeds_without_importing_the_package(configure):
    program = (
        "import sys; from edge_agent.blueprint import resolve; from pathlib import Path;"
        " resolve(Path(sys.argv[1])); sys.exit('prometheus_client' in sys.modules)"
    )
    path = configure("127.0.0.1:9273")
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 0


def test_a_failed_thread_of_the_metrics_ends_nothing_else(configure, tmp_path, caplog, port):
    metrics = Metrics(resolve(configure(f"127.0.0.1:{port}")), tmp_path / "shed.db", SystemClock())
    metrics.put(object())
    with caplog.at_level(logging.ERROR):
        metrics.start()
        metrics._worker.wait()
    assert "the agent continues without them" in caplog.text
    metrics.stop(0.0)

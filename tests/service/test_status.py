import pytest

from edge_agent.service.install import install
from edge_agent.service.report import report
from edge_agent.service.state import ServiceState, parse_state
from edge_agent.service.status_text import headline, ordinal, reason

LOADED = ServiceState(load="loaded", enabled=True)
ENDED = {"Result": "exit-code", "ExecMainCode": "1"}
MQTT = {"delivered": 1400, "waiting": 20, "refused": {}, "dropped": {"max_size": 80}}
ACCOUNT = {"recorded": 1500, "sinks": {"mqtt": {**MQTT, "configured": True}}}


@pytest.mark.parametrize(
    "properties, text",
    [
        (
            {"LoadState": "not-found"},
            "not installed; install it with `sudo edge-agent service install`",
        ),
        ({"LoadState": "masked"}, "masked; `sudo systemctl unmask edge-agent` lets it start"),
        ({}, "installed, but systemd does not run here"),
        ({"ActiveState": "activating", "SubState": "start"}, "starting"),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm"}, "stopping"),
        ({"UnitFileState": "enabled"}, "stopped; starts at boot"),
        ({"UnitFileState": "disabled"}, "stopped; does not start at boot"),
    ],
)
def test_each_state_has_its_text(properties, text):
    loaded = {"LoadState": "loaded"} if properties else {}
    assert headline(parse_state(loaded | properties)) == text


def test_a_running_service_says_since_when(monkeypatch):
    state = parse_state(
        {"LoadState": "loaded", "ActiveState": "active", "ActiveEnterTimestamp": "@1700000000"}
    )
    assert headline(state).startswith("running since 2023-11-1")
    assert state.since == 1_700_000_000


@pytest.mark.parametrize(
    "properties, text",
    [
        (ENDED | {"ExecMainStatus": "1"}, "an unexpected error occurred"),
        (ENDED | {"ExecMainStatus": "2"}, "the configuration has errors, which `sudo edge-agent"),
        (ENDED | {"ExecMainStatus": "3"}, "hardware that the configuration names is missing"),
        (ENDED | {"ExecMainStatus": "4"}, "the event log cannot be used"),
        (ENDED | {"ExecMainStatus": "203"}, "its program cannot be run"),
        (ENDED | {"ExecMainStatus": "77"}, "it ended with exit code 77"),
        (
            {"Result": "watchdog", "ExecMainCode": "3", "ExecMainStatus": "6"},
            "a thread stopped responding",
        ),
        ({"Result": "oom-kill", "ExecMainCode": "2", "ExecMainStatus": "9"}, "it needed more mem"),
        ({"Result": "signal", "ExecMainCode": "2", "ExecMainStatus": "9"}, "SIGKILL ended it"),
        ({"Result": "core-dump", "ExecMainCode": "3", "ExecMainStatus": "11"}, "SIGSEGV ended it"),
        ({"Result": "signal", "ExecMainCode": "2", "ExecMainStatus": "99"}, "signal 99 ended it"),
        ({"Result": "timeout", "ExecMainCode": "2", "ExecMainStatus": "9"}, "it took too long"),
    ],
)
def test_each_end_has_its_reason(properties, text):
    assert reason(parse_state(properties)).startswith(text)
    failed = parse_state(properties | {"LoadState": "loaded", "ActiveState": "failed"})
    assert headline(failed).startswith(f"failed, because {text}")


@pytest.mark.parametrize("sub", ["auto-restart", "auto-restart-queued"])
def test_a_restart_is_reported_with_its_number_and_reason(sub):
    state = LOADED._replace(
        active="activating", sub=sub, result="exit-code", exit_status=3, restarts=2
    )
    assert headline(state).startswith("restarting for the 3rd time, because hardware")


@pytest.mark.parametrize(
    "number, word",
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (21, "21st")],
)
def test_ordinals(number, word):
    assert ordinal(number) == word


@pytest.mark.parametrize("text", ["[not set]", "18446744073709551615", ""])
def test_memory_that_the_kernel_does_not_count_is_unknown(text):
    assert parse_state({"MemoryCurrent": text}).memory is None


def test_a_running_service_is_reported_with_memory_status_and_account(site, system, machine):
    list(install(site))
    system.properties |= {
        "MemoryCurrent": "34100000",
        "StatusText": "threads not responding: i2c-1",
        "NRestarts": "2",
        "ExecMainPID": "77",
    }
    found = report(machine, ACCOUNT)
    assert found.running
    assert list(found.lines())[1:] == [
        "restarts     2 since the last start by hand or at boot",
        "memory       34.1 MB",
        "status       threads not responding: i2c-1",
        "recorded     1,500 events",
        "delivered    1,400 to mqtt, 20 waiting",
        "dropped      80 for mqtt: max_size",
    ]


def test_without_a_memory_cgroup_the_process_has_the_figure(site, system, machine):
    list(install(site))
    system.properties |= {"MemoryCurrent": "[not set]", "ExecMainPID": "77"}
    status = machine.path("/proc/77/status")
    status.parent.mkdir(parents=True)
    status.write_text("Name:\tedge-agent\nVmRSS:\t   30000 kB\n")
    assert report(machine, None).memory == 30_000 * 1024


def test_the_last_error_of_the_process_is_reported(site, system, machine):
    list(install(site))
    system.properties["ExecMainPID"] = "77"
    system.journal = "ERROR: old\nERROR: threads not responding: engine\nINFO: running: 1 devices"
    assert report(machine, None).last_error == "ERROR: threads not responding: engine"
    query = system.calls("journalctl")[0]
    assert "_SYSTEMD_UNIT=edge-agent.service _PID=77" in query


def test_a_service_that_exited_is_reported_with_its_last_line(site, system, machine):
    list(install(site))
    system.properties |= ENDED | {"ActiveState": "failed", "ExecMainPID": "77"}
    system.properties["ExecMainStatus"] = "3"
    system.journal = "edge-agent runs /etc/x\n/dev/i2c-1: there is no such bus: enable it"
    assert report(machine, None).last_error == "/dev/i2c-1: there is no such bus: enable it"


def test_a_running_service_without_errors_has_no_last_error(site, system, machine):
    list(install(site))
    system.properties["ExecMainPID"] = "77"
    system.journal = "INFO: running: 1 devices"
    assert report(machine, None).last_error == ""


def test_an_unreadable_log_is_reported(machine):
    assert "log          not readable: there is none yet, or it needs `sudo`" in list(
        report(machine, None).lines()
    )


def test_without_systemd_the_unit_file_shows_whether_it_is_installed(site, system, machine):
    system.offline = True
    assert report(machine, None).state.startswith("not installed")
    list(install(site))
    assert report(machine, None).state == "installed, but systemd does not run here"

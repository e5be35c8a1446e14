from pathlib import Path

import pytest

from edge_agent import paths
from edge_agent.errors import LogError


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The service's configuration and state directory, below tmp_path."""
    config, state = tmp_path / "config.toml", tmp_path / "state"
    state.mkdir()
    monkeypatch.setattr(paths, "CONFIG_FILE", str(config))
    monkeypatch.setattr(paths, "STATE", str(state))
    return config, state


def test_the_log_of_the_services_configuration_is_the_services(service):
    config, state = service
    assert paths.log_to_read("", "shed", config, simulated=False) == state / "shed.db"


@pytest.mark.parametrize("simulated", [False, True])
def test_another_configuration_has_its_own_log(service, simulated):
    expected = paths.log_path("", "shed", simulated=simulated)
    assert paths.log_to_read("", "shed", Path("mine.toml"), simulated=simulated) == expected
    config, state = service
    assert paths.log_to_read("", "shed", config, simulated=True).parent != state


def test_a_log_that_the_configuration_names_is_the_one(service):
    found = paths.log_to_read("/data/log.db", "shed", service[0], simulated=False)
    assert found == Path("/data/log.db")


def test_without_a_service_the_log_is_the_users(service):
    config, state = service
    state.rmdir()
    expected = paths.log_path("", "shed", simulated=False)
    assert paths.log_to_read("", "shed", config, simulated=False) == expected


def test_a_variable_in_a_logs_path_is_filled_in(monkeypatch):
    monkeypatch.setenv("DISK", "/media/usb")
    assert paths.log_path("$DISK/events.db", "shed", simulated=False) == Path(
        "/media/usb/events.db"
    )


def test_the_services_state_directory_is_known_to_every_process(monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    for path in ("$STATE_DIRECTORY/a.db", "${STATE_DIRECTORY}/a.db"):
        assert paths.log_path(path, "shed", simulated=False) == Path("/var/lib/edge-agent/a.db")
        assert paths.unset_variable(path) == ""
    monkeypatch.setenv("STATE_DIRECTORY", "/data")
    assert paths.log_path(path, "shed", simulated=False) == Path("/data/a.db")


@pytest.mark.parametrize("path", ["$STATE_DIRECTORY_2/a.db", "/data/${NOWHERE}/a.db"])
def test_a_variable_that_is_not_set_is_named(path):
    assert paths.unset_variable(path) in {"$STATE_DIRECTORY_2", "${NOWHERE}"}


def test_a_user_without_a_home_directory_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    with pytest.raises(LogError, match="no home directory"):
        paths.log_path("", "shed", simulated=False)

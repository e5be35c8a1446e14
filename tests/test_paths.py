from pathlib import Path

import pytest

from edge_agent import paths


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

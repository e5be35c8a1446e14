from pathlib import Path

import pytest

from edge_agent.blueprint import paths
from edge_agent.settings import Config, LogSettings


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The service's configuration and state directory, below tmp_path."""
    config, state = tmp_path / "config.toml", tmp_path / "state"
    state.mkdir()
    monkeypatch.setattr(paths, "SERVICE_CONFIG", config)
    monkeypatch.setattr(paths, "SERVICE_STATE", state)
    return config, state


def test_who_looks_into_the_log_of_the_service_s_configuration_sees_the_service_s(service):
    config, state = service
    assert paths.log_to_read(Config(node="shed"), config, simulated=False) == state / "shed.db"


@pytest.mark.parametrize("simulated", [False, True])
def test_another_configuration_has_a_log_of_its_own(service, simulated):
    mine = Config(node="shed")
    expected = paths.log_path(mine, simulated=simulated)
    assert paths.log_to_read(mine, Path("mine.toml"), simulated=simulated) == expected
    config, state = service
    assert paths.log_to_read(mine, config, simulated=True).parent != state


def test_a_log_that_the_configuration_names_is_the_one(service):
    named = Config(node="shed", log=LogSettings(path="/data/log.db"))
    assert paths.log_to_read(named, service[0], simulated=False) == Path("/data/log.db")


def test_without_a_service_the_log_is_the_user_s(service):
    config, state = service
    state.rmdir()
    mine = Config(node="shed")
    expected = paths.log_path(mine, simulated=False)
    assert paths.log_to_read(mine, config, simulated=False) == expected

import logging

from edge_agent.commands.live_control import live_control
from edge_agent.terminal.screen import NoScreen


def test_a_simulation_whose_socket_cannot_be_made_runs_with_a_warning(
    tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("edge_agent.commands.live_control.STDIN", -1)
    path = tmp_path / ("x" * 120)
    with caplog.at_level(logging.WARNING), live_control(str.upper, NoScreen(), path):
        pass
    (warning,) = caplog.messages
    assert warning.startswith(f"no control socket {path}: ")
    assert "--set log.path" in warning


def test_a_directory_that_cannot_be_used_is_left_to_the_log_to_report(
    tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("edge_agent.commands.live_control.STDIN", -1)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "control"
    with caplog.at_level(logging.WARNING), live_control(str.upper, NoScreen(), path):
        pass
    assert caplog.messages == []

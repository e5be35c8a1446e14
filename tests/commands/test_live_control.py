import logging

from edge_agent.commands.live_control import live_control
from edge_agent.terminal.control_socket import ControlSocket
from edge_agent.terminal.screen import NoScreen


def test_a_simulation_whose_socket_cannot_be_made_runs_with_a_warning(
    tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("edge_agent.commands.live_control.STDIN", -1)
    path = tmp_path / ("x" * 120)
    with caplog.at_level(logging.WARNING), live_control(str.upper, NoScreen(), path):
        pass
    (warning,) = caplog.messages
    reason = "the path is too long for a socket"
    assert warning == f"no control socket {path}: {reason}; --set log.path moves it"


def test_a_socket_of_another_simulation_is_left_alone(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("edge_agent.commands.live_control.STDIN", -1)
    path = tmp_path / "control"
    first = ControlSocket(path)
    with caplog.at_level(logging.WARNING), live_control(str.upper, NoScreen(), path):
        pass
    first.close()
    (warning,) = caplog.messages
    assert warning == f"no control socket {path}: another program has it; --set log.path moves it"


def test_a_directory_that_cannot_be_used_is_left_to_the_log_to_report(
    tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("edge_agent.commands.live_control.STDIN", -1)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "control"
    with caplog.at_level(logging.WARNING), live_control(str.upper, NoScreen(), path):
        pass
    assert caplog.messages == []

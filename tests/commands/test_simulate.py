"""A simulated board."""

import json

from lab.agent import AgentProcess

from tests.configurations import load


def test_the_clock_of_a_simulated_board_is_set_whatever_sets_that_of_this_machine(
    tmp_path, wait_for
):
    archive = tmp_path / "archive.jsonl"
    sink = f'[[sink]]\nname = "archive"\nurl = "file://{archive}"\nfrom = "beginning"\n'
    agent = AgentProcess(tmp_path, "mqtt://127.0.0.1:9", load(1) + sink).start()
    wait_for(lambda: archive.exists() and archive.read_bytes().count(b"\n") > 5)
    assert agent.stop() == 0
    events = [json.loads(line) for line in archive.read_bytes().splitlines()]
    assert not [event for event in events if "clock" in event]

"""One event, followed by its id through the log of the real program."""

import json
from collections import defaultdict

from tests.configurations import shed

FOLLOWED = ("--log-format", "json", "--trace")


def lines_of(agent):
    """Return the lines of JSON in an agent's output, without those for people."""
    shown = agent.output.read_text().splitlines() if agent.output.exists() else []
    return [json.loads(line) for line in shown if line.startswith('{"') and line.endswith("}")]


def by_event(agent):
    found = defaultdict(list)
    for line in lines_of(agent):
        if "event" in line:
            found[line["event"]].append(line)
    return found


def test_an_event_is_followed_from_the_log_to_the_sink(agent, broker, wait_for):
    one = agent("", shed(broker.url)).start(*FOLLOWED)
    wait_for(lambda: sum(len(lines) == 2 for lines in by_event(one).values()) > 20)
    assert one.stop() == 0
    logged = {event.offset: event for event in one.events()}
    followed = {id_: lines for id_, lines in by_event(one).items() if len(lines) == 2}
    for id_, (recorded, delivered) in followed.items():
        event = logged[int(id_.partition(":")[2])]
        assert recorded["message"] == f"{event.kind} of {event.source}, {id_}: recorded"
        assert delivered["message"].endswith(": delivered to mqtt")
        assert (recorded["thread"], delivered["thread"]) == ("recorder", "sink mqtt")
        assert delivered["sink"] == "mqtt"
        assert recorded.get("device") == (event.source if event.kind == "reading" else None)
    assert {event.kind for event in logged.values()} >= {"reading", "alert", "output"}


def test_every_line_on_standard_error_is_json_and_names_the_sink_it_is_about(agent, wait_for):
    one = agent("", shed("mqtt://127.0.0.1:1")).start("--log-format", "json")
    wait_for(lambda: [line for line in lines_of(one) if line.get("sink") == "mqtt"])
    one.stop()
    shown = one.output.read_text().splitlines()
    assert not [line for line in shown if line.startswith(("INFO", "WARNING", "ERROR"))]
    assert not by_event(one)
    (running,) = [line for line in lines_of(one) if line["message"].startswith("running: ")]
    assert (running["level"], running["thread"]) == ("info", "MainThread")

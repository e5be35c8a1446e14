"""A real agent and a real Prometheus: what the one shows, the other takes."""

import urllib.request

import pytest
from lab.agent import AgentProcess

from tests.configurations import shed


@pytest.fixture
def agent(tmp_path, broker, port):
    """The real program, with metrics at `port`."""
    text = shed(broker.url) + f'\n[metrics]\nlisten = "127.0.0.1:{port}"\n'
    process = AgentProcess(tmp_path, "", text).start()
    yield process
    process.stop()


def page(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_promtool_finds_nothing_to_improve(agent, port, promtool, wait_for):
    text = wait_for(lambda: "edge_sink_ack_seconds_count" in page(port) and page(port))
    assert promtool("check", "metrics", given=text) == ("", 0)


def test_prometheus_scrapes_an_agent_and_evaluates_every_alert_rule(
    agent, port, prometheus, wait_for
):
    server = prometheus(port)
    delivered = 'edge_sink_delivered_events_total{sink="mqtt"} > 20'
    wait_for(lambda: server.values(delivered))
    (up,) = server.values('up{job="edge-agent"}').values()
    assert up == 1
    assert server.values('edge_build_info{node="shed"}')
    rules = wait_for(lambda: evaluated(server))
    assert {rule["health"] for rule in rules} == {"ok"}, rules


def evaluated(server):
    """Return the alert rules, once all of them have been evaluated."""
    groups = (server.ask("rules") or {"groups": []})["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

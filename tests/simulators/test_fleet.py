"""A simulated fleet keeps the contract of a real one, and its truth is what it has delivered."""

import json
import subprocess
import sys

import pytest
from lab.broker import Mosquitto

from consumers.audit.audit import Audit
from consumers.decode import events_in
from consumers.received_event import ReceivedEvent
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from simulators.fleet.node import AGAIN, KEPT, FleetNode
from simulators.fleet.plan import NodePlan, Span, fleet_plan

START, EVERY = 1_800_000_000.0, 10.0


def delivered(plan, ticks, seed=1):
    """Return the events that a node delivers, tick by tick."""
    node = FleetNode(plan, START, EVERY, seed)
    found = []
    for number in range(ticks):
        payloads = [message.payload for message in node.tick(number) if not message.retained]
        found.append([event for payload in payloads for event in events_in(payload)])
    return node, found


def audited(events):
    audit = Audit(settle=0)
    for event in events:
        audit.take(event.decoded, START)
    (log,) = audit.report(START + 1).logs
    return log


def test_every_event_keeps_its_contract_and_says_its_node():
    node, ticks = delivered(NodePlan("node-0001", set_at=3), 20)
    events = [event for tick in ticks for event in tick]
    assert all(isinstance(event, ReceivedEvent) for event in events)
    assert [event.offset for event in events] == list(range(1, node.last + 1))
    assert {event.node for event in events} == {"node-0001"}
    assert [event.trusted for event in events] == [False] * 6 + [True] * 34


def test_a_seed_always_gives_the_same_fleet():
    assert fleet_plan(50, 100, 7, faults=True) == fleet_plan(50, 100, 7, faults=True)
    assert fleet_plan(50, 100, 7, faults=True) != fleet_plan(50, 100, 8, faults=True)
    first, second = (delivered(NodePlan("node-0001"), 5)[1] for _ in range(2))
    assert first == second
    assert delivered(NodePlan("node-0002"), 5)[1] != first


def test_after_an_outage_all_arrives_late_in_order_and_a_little_of_it_again():
    node, ticks = delivered(NodePlan("node-0001", outage=Span(5, 10)), 20)
    assert all(not tick for tick in ticks[5:10])
    again, backlog = ticks[10][:AGAIN], ticks[10][AGAIN:]
    assert [event.offset for event in again] == [6, 7, 8, 9, 10]
    assert [event.offset for event in backlog] == list(range(11, 23))
    log = audited([event for tick in ticks for event in tick])
    assert (log.arrived, log.duplicated.total, log.lost.total) == (node.last, AGAIN, 0)


def test_what_a_node_gives_up_is_named_by_a_gap_event():
    length = KEPT  # ticks; two events each
    node, ticks = delivered(NodePlan("node-0001", outage=Span(5, 5 + length)), length + 10)
    log = audited([event for tick in ticks for event in tick])
    assert node.given_up > 0
    assert (log.lost.total, log.gaps) == (0, {"max_size": node.given_up})
    assert log.arrived == node.last - node.given_up


def test_a_silent_node_says_goodbye_once_and_nothing_more():
    node = FleetNode(NodePlan("node-0001", silent=3), START, EVERY, 1)
    messages = [message for number in range(9) for message in node.tick(number)]
    assert [message.payload for message in messages if message.retained] == [b"offline"]
    assert node.last == 6


def test_a_fleet_without_faults_has_none():
    assert {plan[1:] for plan in fleet_plan(20, 100, 1, faults=False)} == {NodePlan("")[1:]}


@pytest.mark.parametrize("killed", [False, True])
def test_the_whole_fleet_arrives_at_a_real_broker(tmp_path, wait_for, killed):
    keep = "allow_anonymous true\npersistence true\nautosave_interval 1\nuser root\n"
    broker = Mosquitto(tmp_path, f"{keep}persistence_location {tmp_path}/\n").start()
    source = source_of(SourcePlan(url=broker.url, group="auditor"))
    source.open()
    command = [sys.executable, "-m", "simulators.fleet", broker.url, "--nodes=20", "--span=600"]
    fleet = subprocess.Popen(
        [*command, "--rate=2000", "--faults", "--processes=2"], stdout=subprocess.PIPE
    )
    audit, seen = Audit(settle=0), {}

    def take():
        deliveries = source.receive(0.2)
        for event in deliveries:
            if isinstance(event, ReceivedEvent):
                audit.take(event.decoded, START)
                seen[event.node] = max(seen.get(event.node, 0), event.offset)
        source.acknowledge(len(deliveries))
        return sum(seen.values())

    if killed:
        wait_for(lambda: take() > 500)
        broker.stop()  # it stores what it has acknowledged; then it is gone for the fleet
        broker.start()
    wait_for(lambda: take() >= 0 and fleet.poll() is not None)
    truth = json.loads(fleet.communicate()[0])
    lasts = {name: node["last"] for name, node in truth["nodes"].items()}
    wait_for(lambda: take() and seen == lasts)
    logs = audit.report(START + 1).logs
    assert (len(logs), sum(log.lost.total for log in logs)) == (20, 0)
    assert sum(log.arrived for log in logs) == truth["events"] - truth["given_up"]
    source.close()
    broker.stop()

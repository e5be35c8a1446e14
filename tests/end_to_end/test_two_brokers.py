"""Two brokers, one of them dead for a while, and an agent that is killed: nothing is lost."""

import threading
from itertools import pairwise

import pytest

from edge_agent.events import KINDS
from edge_agent.store.reader import LogReader
from tests.configurations import AIR, FAN, SOIL, warm

CLOUD_KINDS = {"reading", "lifecycle", "gap"}
CONFIG = """
node = "load"
[mqtt]
url = "{near}"
[log]
commit_interval = "20ms"
[[sink]]
name = "cloud"
url = "{far}"
kinds = ["reading", "lifecycle", "gap"]
"""


class Auditor(threading.Thread):
    """Compares all accounts with the log's own events, again and again, until it is stopped."""

    def __init__(self, path):
        super().__init__()
        self.path, self.stopping = path, threading.Event()
        self.rounds, self.contradictions, self.recorded = 0, [], {"mqtt": [], "cloud": []}

    def run(self):
        while not self.stopping.wait(0.02):
            self.audit()

    def audit(self):
        reader = LogReader(self.path)
        try:
            with reader.snapshot():
                accounts, events = reader.accounts(), list(reader.events_after(0))
        finally:
            reader.close()
        self.rounds += bool(accounts)
        for name, account in accounts.items():
            kinds = CLOUD_KINDS if name == "cloud" else KINDS
            counted = sum(one.offset > account.start and one.kind in kinds for one in events)
            self.recorded[name].append(account.recorded)
            if account.recorded != counted or account.refused or account.dropped:
                self.contradictions.append((counted, account))

    def stop(self):
        self.stopping.set()
        self.join()


@pytest.fixture
def audit():
    auditors = []

    def begin(path):
        auditors.append(Auditor(path))
        auditors[-1].start()
        return auditors[-1]

    yield begin
    for one in auditors:
        one.stop()


def accounts(agent):
    reader = LogReader(agent.log)
    try:
        return reader.accounts()
    finally:
        reader.close()


def wanted(agent, kinds, start):
    reader = LogReader(agent.log)
    try:
        return {one.offset for one in reader.events_after(start) if one.kind in kinds}
    finally:
        reader.close()


@pytest.mark.parametrize("dead", ["mqtt", "cloud"])
def test_two_brokers_get_everything_though_one_dies_and_the_agent_is_killed(
    watched, agent, account, wait_for, audit, dead
):
    pairs = {name: watched("edge/load/event/#") for name in ("mqtt", "cloud")}
    brokers = {name: broker for name, (broker, _) in pairs.items()}
    heard = {name: received for name, (_, received) in pairs.items()}
    one = agent(
        "",
        CONFIG.format(near=brokers["mqtt"].url, far=brokers["cloud"].url)
        + AIR
        + SOIL
        + FAN
        + warm(),
    )
    one.start()
    wait_for(lambda: one.starts() == 1)
    auditor = audit(one.log)
    wait_for(lambda: all(len(seen) > 20 for seen in heard.values()))
    brokers[dead].kill()
    (other,) = brokers.keys() - {dead}
    waits = 100 + accounts(one)[dead].waiting
    wait_for(lambda: accounts(one)[dead].waiting > waits > 50 > accounts(one)[other].waiting)
    one.kill()
    one.start()
    wait_for(lambda: one.starts() == 2 and accounts(one)[dead].waiting > waits + 50)
    brokers[dead].start()
    wait_for(lambda: all(account.waiting < 50 for account in accounts(one).values()))
    assert one.stop() == 0
    auditor.stop()
    assert auditor.rounds > 0
    assert auditor.contradictions == []
    assert all(a <= b for seen in auditor.recorded.values() for a, b in pairwise(seen))
    for name, kinds in (("mqtt", set(KINDS)), ("cloud", CLOUD_KINDS)):
        final = accounts(one)[name]
        assert (final.waiting, final.delivered) == (0, final.recorded)
        expected = wanted(one, kinds, final.start)
        wait_for(lambda: expected == arrived(account, heard[name], final.start))  # noqa: B023
        assert account(heard[name]).contradictions == []


def arrived(account, heard, start):
    """Return the offsets behind `start` that a broker's subscriber got."""
    return {offset for offset in account(list(heard)).bodies if offset > start}

"""Two sinks, one of them dead for long: the other one does not notice, and nothing grows."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import NamedTuple

import msgspec
import pytest

from edge_agent.store.account import SinkAccount
from edge_agent.store.reader import LogReader
from tests.simulation.faults import Fault
from tests.simulation.injection import Injection
from tests.simulation.installation import under_the_agent
from tests.simulation.run import is_drained
from tests.simulation.week import BoundedLedger, Usage, Week, growth

HOUR, DAY = 3600.0, 86_400.0
WARM = HOUR / 2  # until caches are filled
COMMIT_SECONDS = 5.0  # of this configuration: see SETTINGS of the week
SLACK_SECONDS = 2.0  # for a commit that waits for a measurement, and the way to the broker

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class Timed(msgspec.Struct):
    """A CloudEvent's time."""

    time: datetime


class TimedLedger(BoundedLedger):
    """Counts what was recorded of each kind, and how late it arrived at the latest, by sink."""

    def __init__(self, note, now):
        super().__init__(note, now)
        self.kinds = Counter()
        self.latest = defaultdict(float)  # seconds

    def commit(self, connection):
        query = 'SELECT kind, count(*) FROM event WHERE "offset" > ? GROUP BY kind'
        self.kinds.update(dict(connection.plain(query, (self._seen,))))
        super().commit(connection)

    def deliver(self, where, sink, payload):
        for event in msgspec.json.decode(payload, type=list[Timed]):
            delay = self._now() - event.time.timestamp()
            self.latest[sink] = max(self.latest[sink], delay)
        super().deliver(where, sink, payload)


class Outage(NamedTuple):
    """What is known at the end of an outage, and after it."""

    before: Usage
    at_its_end: Usage
    waiting: dict[str, SinkAccount]
    drained: bool
    after: dict[str, SinkAccount]
    ledger: TimedLedger


class TwoSinks(Week):
    """An agent whose second broker is away for some seconds."""

    def outage(self, seconds):
        with under_the_agent(self._world):
            try:
                return self._live_through(seconds)
            finally:
                self._world.end()

    def _live_through(self, seconds):
        self._world.start()
        injection = Injection(self._world)
        injection.until(WARM)
        before = self._usage(0, 0)
        injection.inject(Fault(WARM, "second broker down", seconds))
        injection.until(WARM + seconds - 1.0)
        at_its_end, waiting = self._usage(0, 0), self._accounts()
        injection.end_all()
        drained = is_drained(self._world)
        after, ledger = self._accounts(), self._world.ledger
        return Outage(before, at_its_end, waiting, drained, after, ledger)

    def _accounts(self):
        reader = LogReader(self._world.log)
        try:
            return reader.accounts()
        finally:
            reader.close()


@pytest.fixture(scope="module", params=[1.5 * HOUR, pytest.param(DAY, marks=pytest.mark.nightly)])
def outage(request):
    """The outage, which may last a day."""
    return TwoSinks(seed=1, ledger=TimedLedger).outage(request.param)


def test_the_other_sink_is_not_delayed(outage):
    assert outage.ledger.latest["mqtt"] < COMMIT_SECONDS + SLACK_SECONDS
    assert outage.waiting["mqtt"].waiting < outage.waiting["second"].waiting / 10


def test_memory_files_and_threads_stay_as_they_are(outage):
    found = list(growth([outage.before, outage.at_its_end._replace(lines=0)]))
    assert found == []


def test_both_accounts_add_up_to_what_was_recorded(outage):
    recorded = outage.ledger.kinds
    assert outage.after["mqtt"].recorded == recorded.total()
    wanted = outage.after["second"].kinds
    assert outage.after["second"].recorded == sum(recorded[kind] for kind in wanted)


def test_what_waits_is_delivered_when_the_sink_is_back(outage):
    assert outage.waiting["second"].waiting > 1000
    assert outage.drained
    assert outage.after["second"].waiting < 100  # what is new since
    assert outage.after["mqtt"].dropped == {}
    assert outage.ledger.problems == []

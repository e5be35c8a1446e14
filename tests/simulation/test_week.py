"""An agent that lives for long holds no more than after its first hour."""

import logging

import pytest

from tests.simulation.ledger import Ledger
from tests.simulation.week import KINDS, BoundedLedger, Usage, Week, faults_of, growth

HOUR = 3600.0
USAGE = Usage(40_000, 160_000, 17, 10, 20, 6000)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class GrowingLedger(BoundedLedger):
    """Forgets nothing that was delivered."""

    deliver = Ledger.deliver


def test_nothing_grows_and_nothing_is_lost_in_hours_with_every_kind_of_fault(monkeypatch):
    monkeypatch.setattr(logging.getLogger("edge_agent"), "propagate", False)  # pytest keeps lines
    week = Week(seed=1, seconds=HOUR)
    assert list(growth(week.run(2))) == []
    assert week.problems == []


def test_what_grows_is_noticed():
    found = list(growth(Week(seed=1, seconds=HOUR / 4, ledger=GrowingLedger).run(2)))
    assert [one.split()[3] for one in found] == ["objects,", "blocks,"]


@pytest.mark.parametrize("what", ["objects", "blocks", "descriptors", "threads", "lines"])
def test_a_day_with_more_than_the_first_is_named(what):
    more = USAGE._replace(**{what: getattr(USAGE, what) * 20})
    (found,) = growth([USAGE, USAGE, more])
    assert found.startswith("day 3: ")
    assert what in found


def test_a_day_has_every_kind_of_fault_and_ends_with_the_configuration_of_its_beginning():
    kinds = [fault.kind for fault in faults_of(1, 0, HOUR)]
    assert set(kinds) == set(KINDS)
    assert kinds.count("reload") == 2

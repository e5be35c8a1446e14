"""What every source promises, as claims: a subclass names an origin and inherits them.

A package that brings a source provides an `Origin`, the bus with which it is tested::

    from edge_agent.testing import Origin, SourceContract

    class TestMyBus(SourceContract):
        @pytest.fixture
        def origin(self): ...  # a fresh and empty Origin for every test

`blind` names what a bus cannot keep, by claim, with the reason; each must fail then.
"""

import json
from collections.abc import Callable, Iterator
from typing import ClassVar, TypeAlias

import pytest

from consumers.source import SourceUnavailable
from consumers.sources.catalog import source_of
from edge_agent.testing.destination import NODE
from edge_agent.testing.origin import Origin, Published, event, ids, message, messages
from edge_agent.testing.reader import (
    MOMENT,
    Reader,
    interrupt,
    seen_by,
    step_all,
    until,
    within_patience,
)

GROUP = "contract"
QUIET_STEPS = 5  # of a source that hands over no more
MEMBERS = ("one", "two")
LOGS = [f"log{n}" for n in range(20)]  # enough for every member to get some
NOT_JSON = Published(b"\xff{")
BROKEN = message(1000, time="yesterday")
FOREIGN = Published(b'{"hello": "world"}')
POISON = [NOT_JSON, BROKEN, FOREIGN]

Join: TypeAlias = Callable[..., Reader]


class SourceContract:
    """Claims about the source of the `origin` that a subclass provides as a fixture."""

    blind: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def join(self, origin: Origin) -> Iterator[Join]:
        """Return a function that opens a source, as a start of a consumer does."""
        readers: list[Reader] = []

        def join(member: str = "", nodes: tuple[str, ...] = ()) -> Reader:
            readers.append(Reader(source_of(origin.plan(GROUP, member, nodes))))
            readers[-1].source.open()
            return readers[-1]

        yield join
        for reader in readers:
            reader.source.close()

    def test_everything_arrives_with_its_id(self, origin: Origin, join: Join) -> None:
        reader = join()
        origin.publish(messages(range(1, 101)))
        got = reader.consume(ids(range(1, 101)))
        assert sorted(got.ids) == sorted(ids(range(1, 101)))
        assert (got.reasons, reader.source.interruptions) == ([], 0)

    def test_each_log_arrives_in_order(self, origin: Origin, join: Join) -> None:
        reader = join()
        both = [message(n, log, log) for n in range(1, 51) for log in ("a", "b")]
        origin.publish(both)
        got = reader.consume([*ids(range(1, 51), "a"), *ids(range(1, 51), "b")])
        for log in ("a", "b"):
            assert [one for one in got.ids if one[0] == log] == ids(range(1, 51), log)

    def test_a_batch_arrives_as_its_events(self, origin: Origin, join: Join) -> None:
        reader = join()
        origin.publish([Published(json.dumps([event(1), event(2), event(3)]).encode())])
        assert reader.consume(ids([1, 2, 3])).ids == ids([1, 2, 3])

    def test_what_is_not_acknowledged_arrives_again(self, origin: Origin, join: Join) -> None:
        first = join()
        origin.publish(messages(range(1, 21)))
        first.read(ids(range(1, 21)))
        first.source.close()
        assert set(join().read(ids(range(1, 21))).ids) == set(ids(range(1, 21)))

    def test_what_is_acknowledged_does_not_arrive_again(self, origin: Origin, join: Join) -> None:
        first = join()
        origin.publish(messages(range(1, 21)))
        done = first.read(ids(range(1, 21))).ids[:10]
        first.acknowledge(10)
        first.source.close()
        again = join()
        origin.publish(messages([21]))
        assert set(again.read(set(ids(range(1, 22))) - set(done)).ids).isdisjoint(done)

    def test_a_batch_that_is_acknowledged_in_part_arrives_again(
        self, origin: Origin, join: Join
    ) -> None:
        first = join()
        origin.publish([Published(json.dumps([event(1), event(2), event(3)]).encode())])
        first.read(ids([1, 2, 3]))
        first.acknowledge(2)
        first.source.close()
        assert ids([3])[0] in join().read(ids([3])).ids

    def test_what_comes_while_no_consumer_runs_is_kept(self, origin: Origin, join: Join) -> None:
        first = join()
        origin.publish(messages([1]))
        first.consume(ids([1]))
        first.source.close()
        origin.publish(messages(range(2, 21)))
        assert set(join().consume(ids(range(2, 21))).ids) == set(ids(range(2, 21)))

    def test_poisoned_messages_are_dead_letters_and_the_rest_flows(
        self, origin: Origin, join: Join
    ) -> None:
        reader = join()
        origin.publish([*POISON, message(1), *POISON, message(2)])
        got = reader.consume(ids([1, 2]), dead=6)
        assert (set(got.ids), len(got.reasons)) == (set(ids([1, 2])), 6)

    def test_a_poisoned_message_can_be_acknowledged(self, origin: Origin, join: Join) -> None:
        first = join()
        origin.publish(POISON)
        first.consume([], dead=3)
        first.source.close()
        origin.publish(messages([1]))
        assert join().consume(ids([1])) == (ids([1]), [])

    def test_a_huge_message_does_not_stop_the_rest(self, origin: Origin, join: Join) -> None:
        reader = join()
        origin.publish([Published(b"x" * origin.largest), message(1)])
        assert reader.consume(ids([1])).ids == ids([1])

    def test_unacknowledged_deliveries_are_bounded(self, origin: Origin, join: Join) -> None:
        reader = join()
        everything = ids(range(1, origin.window + 501))
        origin.publish(messages(range(1, origin.window + 501)))
        until(lambda: reader.held > 0, reader.step)
        quiet = 0
        while quiet < QUIET_STEPS and reader.held <= origin.window:
            quiet = 0 if reader.step() else quiet + 1
        assert reader.held <= origin.window
        reader.acknowledge()
        assert set(reader.consume(everything).ids) == set(everything)

    def test_other_nodes_do_not_arrive_and_do_not_block(self, origin: Origin, join: Join) -> None:
        reader = join(nodes=(NODE,))
        others = messages(range(1, origin.window + 101), "other", "cellar")
        origin.publish([*others, message(1)])
        assert reader.read(ids([1])).ids == ids([1])

    def test_nothing_arrives_from_an_empty_bus_and_it_says_so_in_time(self, join: Join) -> None:
        assert not within_patience(lambda: join().source.receive(MOMENT))

    def test_a_bus_that_is_away_is_unavailable(self, origin: Origin, join: Join) -> None:
        origin.stop()
        try:
            with pytest.raises(SourceUnavailable):
                join()
        finally:
            origin.start()

    def test_while_the_bus_is_away_nothing_arrives_and_it_says_so_in_time(
        self, origin: Origin, join: Join
    ) -> None:
        reader = join()
        origin.publish(messages([1]))
        reader.consume(ids([1]))
        origin.stop()
        try:
            assert all(not within_patience(reader.step) for _ in range(3))
        finally:
            origin.start()

    def test_it_says_whether_it_is_connected(self, origin: Origin, join: Join) -> None:
        reader = join()
        assert reader.source.connected
        origin.stop()
        try:
            until(lambda: not reader.source.connected, reader.step)
        finally:
            origin.start()
        until(lambda: reader.source.connected, reader.step)

    def test_after_a_lost_connection_the_rest_arrives(self, origin: Origin, join: Join) -> None:
        reader = join()
        origin.publish(messages(range(1, 11)))
        reader.consume(ids(range(1, 11)))
        interrupt(origin, reader)
        origin.publish(messages(range(11, 21)))
        assert set(reader.consume(ids(range(1, 21))).ids) == set(ids(range(1, 21)))

    def test_acknowledgements_after_a_lost_connection_mean_what_was_handed_over(
        self, origin: Origin, join: Join
    ) -> None:
        reader = join()
        origin.publish(messages(range(1, 11)))
        reader.read(ids(range(1, 11)))
        interrupt(origin, reader)
        origin.publish(messages(range(11, 21)))
        reader.read(ids(range(1, 21)))
        done = reader.got.ids[:10]
        reader.acknowledge(10)
        reader.source.close()
        rest = set(ids(range(1, 21))) - set(done)
        assert rest <= set(join().read(rest).ids)

    def test_two_members_share_and_together_see_all(self, origin: Origin, join: Join) -> None:
        members = [join(member) for member in MEMBERS]
        published = 0

        def share() -> None:
            nonlocal published
            published += 1
            origin.publish([message(published, log, log) for log in LOGS])
            step_all(members)

        until(lambda: all(member.got.ids for member in members), share)
        wanted = {f"{log}:{n}" for log in LOGS for n in range(1, published + 1)}
        until(lambda: wanted <= seen_by(members), lambda: step_all(members))
        assert seen_by(members) == wanted

    def test_what_a_member_has_not_acknowledged_arrives_again(
        self, origin: Origin, join: Join
    ) -> None:
        members = [join(member) for member in MEMBERS]
        wanted = {f"{log}:{n}" for log in LOGS for n in range(1, 4)}
        origin.publish([message(n, log, log) for n in range(1, 4) for log in LOGS])
        until(lambda: wanted <= seen_by(members), lambda: [each.step() for each in members])
        for member in members:
            member.source.close()
        again = [join(member) for member in MEMBERS]
        until(lambda: wanted <= seen_by(again), lambda: step_all(again))
        assert seen_by(again) == wanted

    def test_closing_twice_is_as_good_as_once(self, join: Join) -> None:
        source = join().source
        source.close()
        source.close()

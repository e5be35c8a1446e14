from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.deliver.amqp.message import AmqpMessage
from edge_agent.deliver.amqp.publication import (
    NOT_STORED,
    WINDOW,
    BrokerFailure,
    ConfirmedChannel,
    Publication,
)

LOST = BrokerFailure("the connection broke")


class Exchange:
    """What a broker would see of one job; `confirm` and `refuse` answer as it would."""

    def __init__(self, count, sizes=(), largest=float("inf")):
        bodies = [b"x" * size for size in sizes] or [b"x"] * count
        messages = [AmqpMessage("key", str(n), "text", body) for n, body in enumerate(bodies)]
        self.reply = SimpleQueue()
        self.job = Publication(messages, self.reply)
        self.sent = []
        self.channel = ConfirmedChannel(lambda one: self.sent.append(int(one.id)), largest)
        self.channel.send(self.job)

    def confirm(self, tag, *, multiple=False):
        self.channel.confirm(tag, multiple=multiple)
        self.channel.send(self.job)

    def refuse(self, tag, *, multiple=False):
        self.channel.refuse(tag, multiple=multiple)
        self.channel.send(self.job)

    def confirm_all(self):
        while self.job.unconfirmed:
            self.confirm(len(self.sent), multiple=True)

    def new_channel(self, largest=float("inf")):
        self.channel = ConfirmedChannel(lambda one: self.sent.append(int(one.id)), largest)
        self.job.rewind()
        self.channel.send(self.job)

    def settled(self, failure=None):
        self.job.finish(failure)
        return self.reply.get_nowait()


def test_the_first_message_goes_alone_and_the_window_grows_with_each_confirmation():
    exchange = Exchange(10)
    assert exchange.sent == [0]
    exchange.confirm(1)
    assert exchange.sent == [0, 1, 2]
    exchange.confirm(3, multiple=True)
    assert exchange.sent == list(range(7))


def test_the_window_ends():
    exchange = Exchange(10_000)
    for _ in range(20):
        if len(exchange.sent) < 3 * WINDOW:
            exchange.confirm(len(exchange.sent), multiple=True)
    before = len(exchange.sent)
    exchange.confirm(before, multiple=True)
    assert len(exchange.sent) - before == WINDOW


def test_what_is_confirmed_is_settled_and_the_job_ends_with_the_last():
    exchange = Exchange(5)
    assert not exchange.job.over
    exchange.confirm_all()
    assert exchange.job.over
    assert exchange.settled() == (5, {}, None)


def test_only_the_leading_confirmed_messages_count():
    exchange = Exchange(10)
    exchange.confirm(1)
    exchange.confirm(3)
    assert exchange.settled(LOST) == (1, {}, LOST)


def test_nothing_confirmed_is_nothing_settled():
    assert Exchange(3).settled(LOST) == (0, {}, LOST)


def test_a_refusal_stops_what_is_not_sent_yet_and_waits_for_the_rest():
    exchange = Exchange(10)
    exchange.confirm(1)
    exchange.refuse(2)
    assert exchange.sent == [0, 1, 2]
    assert not exchange.job.over
    exchange.confirm(3)
    assert exchange.job.over
    assert exchange.settled() == (1, {}, NOT_STORED)


def test_a_job_is_stuck_if_its_first_message_is_refused():
    exchange = Exchange(10)
    exchange.refuse(1)
    assert exchange.job.stuck


def test_a_job_of_which_a_part_was_stored_is_not_stuck():
    exchange = Exchange(10)
    exchange.confirm(1)
    exchange.refuse(3, multiple=True)
    assert not exchange.job.stuck


def test_a_job_whose_first_message_no_queue_takes_is_not_stuck():
    exchange = Exchange(10)
    exchange.channel.give_back("0", "NO_ROUTE")
    exchange.confirm(1)
    assert not exchange.job.stuck


def test_after_a_refusal_one_message_tries_the_way():
    exchange = Exchange(10)
    exchange.confirm(1)
    exchange.refuse(3, multiple=True)
    later = Publication(exchange.job.messages, exchange.reply)
    exchange.channel.send(later)
    assert exchange.sent == [0, 1, 2, 0]


def test_a_returned_message_is_not_settled_by_its_confirmation():
    exchange = Exchange(3)
    exchange.channel.give_back("0", "NO_ROUTE")
    exchange.confirm(1)
    assert exchange.job.over
    count, refused, failure = exchange.settled()
    assert (count, refused) == (0, {})
    assert "'key'" not in failure.what
    assert "the routing key key (NO_ROUTE)" in failure.what
    assert "bind a queue" in failure.remedy


def test_a_message_that_is_too_large_is_refused_with_the_limit_and_never_sent():
    exchange = Exchange(3, sizes=[10, 101, 100], largest=100)
    exchange.confirm_all()
    count, refused, failure = exchange.settled()
    assert exchange.sent == [0, 2]
    assert (count, failure) == (3, None)
    assert refused == {1: "101 bytes are more than the broker's max_message_size, 100"}


def test_a_refused_message_behind_an_unconfirmed_one_is_not_reported_yet():
    exchange = Exchange(3, sizes=[10, 101, 10], largest=100)
    assert exchange.settled(LOST) == (0, {}, LOST)


def test_after_a_new_channel_what_is_unconfirmed_is_sent_again_and_nothing_else():
    exchange = Exchange(10)
    exchange.confirm(1)
    exchange.confirm(3)
    exchange.new_channel()
    exchange.confirm(1)
    assert exchange.sent[:6] == [0, 1, 2, 3, 4, 1]
    assert 2 not in exchange.sent[6:]


@pytest.mark.parametrize("tag", [0, 2, 99])
def test_a_confirmation_of_what_was_never_sent_settles_nothing(tag):
    exchange = Exchange(3)
    exchange.confirm(tag)
    assert exchange.settled(LOST) == (0, {}, LOST)


def test_a_late_confirmation_settles_nothing_of_the_next_job():
    exchange = Exchange(3)
    exchange.settled(LOST)
    later = Publication(exchange.job.messages, exchange.reply)
    exchange.channel.confirm(1, multiple=False)
    later.finish(LOST)
    assert exchange.reply.get_nowait() == (0, {}, LOST)


STEPS = st.lists(
    st.tuples(st.sampled_from(["confirm", "refuse", "return"]), st.integers(0, 30), st.booleans())
)


@given(st.integers(1, 30), STEPS)
def test_whatever_a_broker_answers_only_what_it_confirmed_is_settled(count, steps):
    exchange, confirmed, returned, tags = Exchange(count), set(), set(), {}
    for what, number, multiple in steps:
        for n, each in enumerate(exchange.sent, 1):
            tags.setdefault(n, each)
        if what == "return":
            exchange.channel.give_back(str(tags.get(number, -1)), "NO_ROUTE")
            returned.add(tags.get(number, -1))
            continue
        answered = [n for n in tags if n == number or (multiple and n <= number)]
        if what == "confirm":
            confirmed |= {tags[n] for n in answered}
        for n in answered:
            tags[n] = -1
        getattr(exchange, what)(number, multiple=multiple)
    leading = exchange.settled(LOST).leading
    assert set(range(leading)) <= confirmed


def partly_confirmed():
    """A whole window that is sent, and confirmed in part; a job with the rest, and more."""
    exchange = Exchange(WINDOW)
    while exchange.job.next < WINDOW:
        exchange.confirm(len(exchange.sent), multiple=True)
    exchange.confirm(max(len(exchange.sent) - 200, WINDOW // 2), multiple=True)
    assert exchange.job.mostly_over
    count, refused, failure = exchange.settled()
    assert (refused, failure) == ({}, None)
    more = [AmqpMessage("key", str(n), "text", b"x") for n in range(count, count + WINDOW)]
    return exchange, Publication(more, exchange.reply)


def follow(exchange, job):
    exchange.channel.hand_over(exchange.job, job)
    exchange.job = job
    exchange.channel.send(job)


def test_a_job_that_continues_another_sends_none_of_its_messages_again():
    exchange, job = partly_confirmed()
    assert job.continues(exchange.job)
    follow(exchange, job)
    exchange.confirm_all()
    assert job.over
    assert exchange.settled() == (WINDOW, {}, None)
    assert exchange.sent == list(range(len(exchange.sent)))


def test_a_job_hears_what_was_confirmed_of_another_before_it_came():
    exchange, job = partly_confirmed()
    exchange.channel.confirm(WINDOW, multiple=True)
    follow(exchange, job)
    assert job.leading == WINDOW - exchange.sent.index(int(job.messages[0].id))


def test_a_refusal_between_two_jobs_is_a_failure_of_the_later_one():
    exchange, job = partly_confirmed()
    exchange.channel.refuse(WINDOW, multiple=True)
    follow(exchange, job)
    assert job.over
    assert exchange.settled() == (0, {}, NOT_STORED)


@pytest.mark.parametrize("first", [0, 1, WINDOW])
def test_a_job_with_other_messages_continues_nothing(first):
    exchange, job = partly_confirmed()
    other = [one._replace(id=f"{int(one.id) + first + 1}") for one in job.messages]
    assert not Publication(other, exchange.reply).continues(exchange.job)


def test_a_short_job_ends_only_with_its_last_message():
    exchange = Exchange(WINDOW - 1)
    while exchange.job.next < WINDOW - 1:
        exchange.confirm(len(exchange.sent), multiple=True)
    assert not exchange.job.mostly_over

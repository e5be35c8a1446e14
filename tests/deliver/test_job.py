from queue import SimpleQueue

import pytest

from edge_agent.deliver.mqtt.connection import Job


@pytest.fixture
def job():
    return Job([("topic", b"")] * 4, None, SimpleQueue())


def settlement(job, error=""):
    job.finish(error)
    return job.reply.get_nowait()


def test_acknowledgements_may_come_in_any_order(job):
    job.settle([2, 0])
    job.settle([3, 1])
    assert settlement(job)[:3] == (4, {}, "")


def test_what_lies_behind_the_first_gap_is_sent_again(job):
    job.settle([0, 3, 2])
    assert settlement(job, "lost")[:3] == (1, {}, "lost")


def test_a_refusal_after_the_first_gap_is_not_reported_yet(job):
    job.refuse(0, "too ugly")
    job.refuse(2, "too ugly")
    assert settlement(job, "lost")[:3] == (1, {0: "too ugly"}, "lost")

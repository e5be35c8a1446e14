import pytest

TIMES = "2027-01-15T08:00:00.{:06d}Z"


def make_event(offset, log="a1b2c3", node="greenhouse", kind="reading", **changes):
    data = {"values": {"temperature": offset / 10}, "quality": "good"}
    return {
        "id": f"{log}:{offset}",
        "source": f"urn:edge:{node}",
        "type": f"edge.{kind}",
        "subject": "air",
        "time": TIMES.format(offset % 1_000_000),
        "sequence": f"{offset:016d}",
        "data": data,
        "specversion": "1.0",
        "datacontenttype": "application/json",
        **changes,
    }


def make_gap(offset, ranges, count=None, log="", reason="max_size", **changes):
    lost = sum(last - first + 1 for first, last in ranges) if count is None else count
    data = {"reason": reason, "count": lost, "ranges": ranges}
    data |= {"log": log} if log else {}
    return make_event(offset, kind="gap", **{"data": data, "subject": "log", **changes})


@pytest.fixture(scope="session")
def event():
    """A function: a decoded event, as an agent delivers it."""
    return make_event


@pytest.fixture(scope="session")
def gap():
    """A function: a gap event that names ranges."""
    return make_gap

"""Gap events for destinations with a limit: an account of lost events must not be lost itself."""

import msgspec

from edge_agent.events import LoggedEvent


def shorten(event: LoggedEvent, size: int) -> LoggedEvent:
    """Return a gap event whose data has at most `size` bytes, as far as that is possible.

    Neighbouring ranges become one that spans both. `count` stays exact, and `shortened` says that
    the ranges hold other events as well.
    """
    data = msgspec.json.decode(event.data)
    while len(event.data) > size and len(data["ranges"]) > 1:
        pairs = zip(data["ranges"][::2], [*data["ranges"][1::2], data["ranges"][-1]], strict=False)
        data |= {"ranges": [[first[0], last[1]] for first, last in pairs], "shortened": True}
        event = event._replace(data=msgspec.json.encode(data).decode())
    return event

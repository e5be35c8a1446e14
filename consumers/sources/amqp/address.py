"""Which queue: a URL, checked before anything connects."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from edge_agent.deliver.amqp.address import LONGEST, AmqpAddress, parse_url

EXAMPLE = "amqp://host[:port][,host…][/vhost]/queue"


class AmqpQueue(NamedTuple):
    """A queue, and the brokers that have it; `exchange` is what it is to be bound to, if any."""

    addresses: tuple[AmqpAddress, ...]
    name: str
    exchange: str = ""


def parse_queue_url(url: str) -> AmqpQueue:
    """Return the queue of a URL as in EXAMPLE, or one with `?exchange=name`; raise ValueError."""
    if re.search(r"\s", url):
        raise ValueError("there is a space in it; write %20")
    parts = urlsplit(url)
    *vhost, queue = parts.path.removeprefix("/").split("/")
    if not queue:
        raise ValueError(f"there is no queue; write {EXAMPLE}")
    hosts = parts.netloc.split(",")
    addresses = [parse_url(f"{parts.scheme}://{'/'.join([host, *vhost])}") for host in hosts]
    return AmqpQueue(tuple(addresses), _short(unquote(queue)), _short(_exchange(parts)))


def _exchange(parts: SplitResult) -> str:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [value for key, value in pairs if key == "exchange"]
    if parts.fragment or len(names) != len(pairs) or len(names) > 1 or names == [""]:
        raise ValueError("behind the queue only ?exchange=name may stand; remove the rest")
    return names[0] if names else ""


def _short(name: str) -> str:
    if len(name.encode()) > LONGEST:
        raise ValueError(f"a name in it has more than {LONGEST} bytes; shorten it")
    return name

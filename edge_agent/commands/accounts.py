"""A sink's account as text."""

from collections.abc import Iterator

from edge_agent.store.sink_account import SinkAccount


def as_lines(account: SinkAccount) -> Iterator[str]:
    """Yield a line for each number: recorded is the sum of the others."""
    sink = account.sink if account.configured else f"{account.sink}, not configured now"
    yield f"recorded   {account.recorded:>12,}  for {sink}"
    yield f"delivered  {account.delivered:>12,}  to {sink}"
    yield f"waiting    {account.waiting:>12,}  for {sink}"
    for reason, count in account.refused.items():
        yield f"refused    {count:>12,}  by {sink}: {reason}"
    for reason, count in account.dropped.items():
        yield f"dropped    {count:>12,}  for {sink}: {reason}"

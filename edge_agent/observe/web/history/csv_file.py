"""The history as CSV: every reading that the log or store has, not the columns of a chart."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from edge_agent.observe.web.history.source import HistorySource
from edge_agent.samples import Samples, TimeSpan

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = b"time,channel,value,min,max,seconds\r\n"


def csv_lines(source: HistorySource, channels: Sequence[str], span: TimeSpan) -> Iterator[bytes]:
    """Return chunks of a CSV file, one channel after another.

    `seconds` is the length of a window whose mean is `value`, and 0 for a reading. What the source
    raises for a request comes from here, not from the chunks.
    """
    tables = [_begun(_table(name, source.samples(name, span))) for name in channels]
    return chain([HEADER], *tables)


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return an iterator that has been asked for its first element already."""
    return chain(list(islice(chunks, 1)), chunks)


def _table(channel: str, found: Iterable[Samples]) -> Iterator[bytes]:
    for samples in found:
        text = io.StringIO()
        rows = zip(samples.times, samples.values, samples.lows, samples.highs, strict=True)
        csv.writer(text).writerows(
            (_utc(time), channel, *values, samples.seconds) for time, *values in rows
        )
        yield text.getvalue().encode()


def _utc(time: int) -> str:
    return (EPOCH + timedelta(microseconds=time)).isoformat(timespec="microseconds")

"""What the card under the event log says of itself, and how long the log alone lets it live."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from edge_agent.config.config import Config
from edge_agent.doctor.case import Case
from edge_agent.errors import LogError
from edge_agent.store.history import HistoryReader

SECTOR = 512  # bytes, in which the kernel counts a card's size
CYCLES = 1000  # times that a card takes its own size
RECENT = 10_000  # events from which the rate of the log follows
SHORTEST = 60  # s that they must span
# Fitted to the table of docs/sd-card.md: a commit costs pages, the journal's included.
COMMIT_BYTES, EVENT_BYTES = 5600, 350
DAY = 86_400


def describe(case: Case) -> Iterator[str]:
    """Yield what is known of each card, and what the log writes to it."""
    cards = sorted(case.machine.path("/sys/block").glob("mmcblk[0-9]"))
    for card in cards:
        yield _described(card)
    daily = bytes_a_day(case)
    if daily:
        yield f"the event log writes about {daily / 1e6:,.0f} MB a day"
        for card in cards:
            years = _size(card) * CYCLES / (daily * 365)
            if years:
                what = f"{card.name}: the log alone takes about {years:,.0f} years to write it"
                yield f"{what} {CYCLES:,} times"


def bytes_a_day(case: Case) -> float:
    """Return what the log makes a card write, from the rate of its last events; 0 if unknown."""
    rate = 0.0
    with suppress(LogError, sqlite3.Error):
        rate = _events_a_second(case.log())
    interval = (case.config or Config()).log.commit_interval
    commits = min(rate, 1 / interval) if interval else rate
    return (commits * COMMIT_BYTES + rate * EVENT_BYTES) * DAY


def _events_a_second(log: Path) -> float:
    with closing(HistoryReader(log)) as reader:
        last = reader.last_offset()
        newest, oldest = reader.read_before(last, 1), reader.read_before(last - RECENT, 1)
        oldest = oldest or reader.read_after(0, 1)
        if not newest or not oldest:
            return 0.0
        seconds = (newest[0].time - oldest[0].time) / 1e6
        count = reader.count(oldest[0].offset, last)
        return count / seconds if seconds >= SHORTEST else 0.0


def _described(card: Path) -> str:
    kind, name, date = (_text(card / "device" / one) for one in ("type", "name", "date"))
    words = [f"{card.name}: {kind} {name}".rstrip(), f"{_size(card) / 1e9:.0f} GB"]
    return ", ".join([*words, *([f"made {date}"] if date else []), _used(card)])


def _used(card: Path) -> str:
    """Return how much of its life an eMMC estimates to be used."""
    estimates = re.findall(r"\b0x[0-9a-fA-F]{1,2}\b", _text(card / "device/life_time"))
    tenths = max((int(word, 16) for word in estimates), default=0)
    return f"up to {tenths * 10} % of its life used" if tenths else "it does not report its wear"


def _size(card: Path) -> int:
    sectors = _text(card / "size")
    return int(sectors) * SECTOR if sectors.isdigit() else 0


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace").strip()
    return ""

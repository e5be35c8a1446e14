"""How long a store keeps what: `readings=30d`, `1m=90d`."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from consumers.aggregate.stores.store import EVENTS, READINGS
from consumers.aggregate.windows import LENGTHS
from edge_agent.units import Duration

KEPT = (READINGS, EVENTS, *LENGTHS)
LONGEST = 36_500 * 86_400.0  # s
Keep: TypeAlias = Mapping[str, float]  # seconds


def parse_keep(texts: Iterable[str]) -> Keep:
    """Return how long to keep what; raise ValueError. What is not named is kept for ever."""
    return dict(map(_parsed, texts))


def _parsed(text: str) -> tuple[str, float]:
    what, equals, duration = text.partition("=")
    if what not in KEPT or not equals:
        raise ValueError(f"expected one of {', '.join(KEPT)}, as in {READINGS}=30d: {text!r}")
    return what, min(Duration.parse(duration), LONGEST)


def limits(keep: Keep, now: float) -> dict[str, datetime]:
    """Return the time before which something is not kept any more, `now` in s since 1970."""
    at = datetime.fromtimestamp(now, UTC)
    return {what: at - timedelta(seconds=seconds) for what, seconds in keep.items()}

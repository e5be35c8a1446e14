"""The dead band: which readings are worth a row in the log.

Rules and live state see every reading; only the log is thinned.
"""

from collections.abc import Mapping

import msgspec

from edge_agent.events import Reading


class DeadBand(msgspec.Struct, frozen=True):
    """A device's thinning: `bands` by channel, and the `heartbeat` in seconds.

    Without any band every good reading passes. Where some channels have one, a change of any size
    passes on those that have none. Failed readings pass once, then at the heartbeat.
    """

    bands: Mapping[str, float] = {}
    heartbeat: float = 300.0

    def passes(self, reading: Reading, last: Reading | None) -> bool:
        """Tell whether to log the reading, given the last one that passed."""
        if last is None or _differ(reading, last):
            return True
        if reading.moment.uptime - last.moment.uptime >= self.heartbeat * 1e6:
            return True
        if not reading.values:
            return False
        return not self.bands or self._moved(reading.values, last.values)

    def _moved(self, values: Mapping[str, float], last: Mapping[str, float]) -> bool:
        moves = ((channel, abs(value - last[channel])) for channel, value in values.items())
        return any(move and move >= self.bands.get(channel, 0.0) for channel, move in moves)


def _differ(reading: Reading, last: Reading) -> bool:
    """Tell whether the quality, or which channels there are, has changed."""
    return (
        reading.quality != last.quality
        or reading.refused != last.refused
        or reading.values.keys() != last.values.keys()
    )

"""The dead band: which readings are logged.

Rules and live state get every reading; only the log is thinned.
"""

from collections.abc import Mapping

import msgspec

from edge_agent.events import Reading


class DeadBand(msgspec.Struct, frozen=True):
    """A device's dead bands by channel, and the `heartbeat` in seconds.

    Without any band every good reading passes. If some channels have one, a change of any size
    passes on those that have none. A failed reading passes once, then at each heartbeat.
    One that counts missed edges passes.
    """

    bands: Mapping[str, float] = {}
    heartbeat: float = 300.0

    def passes(self, reading: Reading, last: Reading | None) -> bool:
        """Return whether to log the reading; `last` is the last one that passed."""
        if last is None or reading.missed or _differ(reading, last):
            return True
        if reading.moment.uptime - last.moment.uptime >= self.heartbeat * 1e6:
            return True
        if not reading.values:
            return False
        return not self.bands or self._changed(reading.values, last.values)

    def _changed(self, values: Mapping[str, float], last: Mapping[str, float]) -> bool:
        changes = ((channel, abs(value - last[channel])) for channel, value in values.items())
        return any(change and change >= self.bands.get(name, 0.0) for name, change in changes)


def _differ(reading: Reading, last: Reading) -> bool:
    """Return whether the quality has changed, or which channels have a value."""
    return (
        reading.quality != last.quality
        or reading.refused != last.refused
        or reading.values.keys() != last.values.keys()
    )

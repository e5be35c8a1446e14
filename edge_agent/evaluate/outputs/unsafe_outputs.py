"""Which outputs could not be made safe: each is a critical alert until it is switched again."""

from collections.abc import Iterable, Iterator, Mapping

from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.events import Alert, Switched

PREFIX = "output-"  # of the alert's name: no rule's name begins so


def alert_name(output: str) -> str:
    """Return the name of the alert that reports an output."""
    return PREFIX + output


def reports_output(alert: str) -> bool:
    """Return whether an alert of this name reports an output, not a rule."""
    return alert.startswith(PREFIX)


class UnsafeOutputs:
    """Follows what was switched; `names` are the alerts that were firing before a restart."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = set(filter(reports_output, names))

    def alerts(self, switched: Iterable[Switched], guards: Mapping[str, Guard]) -> Iterator[Alert]:
        """Yield an alert for each output that could not be made safe, and when it is switched.

        One that has no guard was removed, and was to be safe.
        """
        for one in switched:
            name, guard = alert_name(one.output), guards.get(one.output)
            if not one.error and name in self._names:
                self._names.remove(name)
                yield Alert(name, "resolved", one.moment, "critical", {})
            elif one.error and name not in self._names and _made_safe(one, guard):
                self._names.add(name)
                message = f"{one.output} could not be made safe: {one.error}"
                yield Alert(name, "firing", one.moment, "critical", {}, message)


def _made_safe(switched: Switched, guard: Guard | None) -> bool:
    return guard is None or switched.value == guard.safe

"""What is saved of an output: what it does, and what a command asks of it."""

import msgspec

from edge_agent.evaluate.outputs.arbitration import Guard, Held


class Order(msgspec.Struct, frozen=True):
    """The value that a command asks of an output, until an uptime in µs."""

    value: float
    until: int
    by: str = "command"


class OutputState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an output does, and the order of a command, if there is one."""

    held: Held
    order: Order | None = None

    def within(self, guard: Guard) -> "OutputState":
        """Return the state to continue from at a start.

        The driver may be another one now, on or off only; if `at_start` chooses a value, what was
        commanded has ended.
        """
        value = self.held.value if guard.takes(self.held.value) else 1.0
        lasting = self.order and guard.at_start is None and guard.takes(self.order.value)
        order = self.order if lasting else None
        return OutputState(self.held._replace(value=value), order)

    def released(self) -> "OutputState":
        """Return what stays of the state of an output that is no longer configured.

        What was commanded has ended: an output that is added again is safe.
        """
        return OutputState(self.held)

    def shifted(self, by: int) -> "OutputState":
        """Return the state on another boot's uptime."""
        begun = None if self.held.begun is None else self.held.begun + by
        held = self.held._replace(since=self.held.since + by, begun=begun)
        order = self.order
        if order is not None:
            order = msgspec.structs.replace(order, until=order.until + by)
        return OutputState(held, order)

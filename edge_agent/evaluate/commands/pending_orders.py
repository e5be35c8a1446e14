"""Orders for outputs whose effect is not known yet: what `set` asked for, and who asked."""

from collections.abc import Iterator
from typing import NamedTuple

from edge_agent.clock import Moment
from edge_agent.evaluate.commands.command import Set
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.output_state import Order
from edge_agent.evaluate.outputs.requests import Replaced
from edge_agent.events import Request


class PendingOrder(NamedTuple):
    """The order of a command, and what it replaced."""

    command: Set
    request: Request
    order: Order
    before: Replaced
    accepted: bool = False  # and answered so


class OrderStep(NamedTuple):
    """What became of an order: it is `accepted`, `done`, or `failed` for a `reason`."""

    pending: PendingOrder
    state: str
    reason: str = ""


class PendingOrders:
    """The orders that are to be answered: at most one for each output, and those it replaced."""

    def __init__(self, outputs: OutputSet) -> None:
        self._outputs = outputs
        self._pending: list[PendingOrder] = []

    def add(self, command: Set, request: Request, order: Order) -> None:
        """Put an order in force."""
        before = self._outputs.order(command.output, order)
        self._pending.append(PendingOrder(command, request, order, before))

    def find(self, id_: str) -> PendingOrder | None:
        """Return the pending order with this id; None if there is none."""
        return next((one for one in self._pending if one.command.id == id_), None)

    def steps(self, now: Moment) -> list[OrderStep]:
        """Return what has become of the orders; one without effect is withdrawn, or waits."""
        pending, self._pending = self._pending, []
        return [step for one in pending for step in self._step(one, now)]

    def _step(self, one: PendingOrder, now: Moment) -> Iterator[OrderStep]:
        name = one.command.output
        ended = self._ended(one, now)
        reason = ended or self._outputs.obstacle(name, now.uptime)
        if reason == "":
            yield OrderStep(one, "done")
        elif reason is None or (one.command.wait and not ended):
            self._pending.append(one._replace(accepted=True))
            if not one.accepted:
                yield OrderStep(one, "accepted")
        else:
            if not ended:
                self._outputs.withdraw(name, one.before)
            yield OrderStep(one, "failed", f"{name}: {reason}")

    def _ended(self, one: PendingOrder, now: Moment) -> str:
        """Return why an order is no longer in force; "" if it is."""
        if self._outputs.orders.get(one.command.output) is one.order:
            return ""
        if one.command.output not in self._outputs.names:
            return "the configuration has no such output any more"
        late = now.uptime >= one.order.until
        return "its time ended before it had an effect" if late else "a later command replaced it"

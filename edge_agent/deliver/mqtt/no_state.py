"""No live state: what a connection shows that is not the agent's own, such as that of a replay."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge_agent.deliver.mqtt.session import Session
from edge_agent.deliver.sink import State

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage


class NoState:
    """Has the methods of `LiveState`, and neither shows nor changes anything on the broker."""

    will = None
    leaving = False

    def take(self, _shown: State) -> None:
        """Do nothing."""

    def greet(self, _session: Session) -> None:
        """Do nothing."""

    def hear(self, _messages: Sequence["MQTTMessage"]) -> None:
        """Do nothing."""

    def send(self, _session: Session) -> None:
        """Do nothing."""

    def farewell(self, _session: Session) -> None:
        """Do nothing."""

    def left(self, _session: Session) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""

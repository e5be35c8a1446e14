"""What a service takes that speaks a part of MQTT only."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from edge_agent.deliver.mqtt.address import Broker
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.topics import AgentTopics, EventTopics
from edge_agent.deliver.sink import SinkPlan, SinkProblem


class LogIn(Protocol):
    """Completes what it takes to connect; `trusted` says whether the wall clock is right."""

    def __call__(self, broker: Broker, trusted: Callable[[], bool], /) -> Broker:
        """Return the broker with user name, token or protocol names."""
        ...


def check_nothing(_plan: SinkPlan[MqttOptions]) -> Iterable[SinkProblem]:
    """Return nothing: the table says everything."""
    return ()


def as_configured(broker: Broker, _trusted: Callable[[], bool]) -> Broker:
    """Return the broker: the configuration has everything."""
    return broker


def own_topics(node: str, _client_id: str, template: str) -> EventTopics:
    """Return the agent's own topics: the service takes any."""
    return AgentTopics(node, template)


class Profile(NamedTuple):
    """The table of one service; `check` and `log_in` hold what no table can say.

    `versions` are those of MQTT, as paho numbers them. `per_second` is how many messages it takes,
    0 if that is not known. With `one_client_id`, that id is the login, and the user name is made of
    it. `shows` says whether it has topics for live state and commands.
    """

    service: str
    versions: tuple[int, ...]
    retains: bool
    per_second: int = 0
    port_443: bool = False
    needs_certificate: bool = True
    needs_username: bool = False
    one_client_id: bool = False
    shows: bool = True
    check: Callable[[SinkPlan[MqttOptions]], Iterable[SinkProblem]] = check_nothing
    log_in: LogIn = as_configured
    topics: Callable[[str, str, str], EventTopics] = own_topics

"""What stands between the agent and a topic, in words: the library itself reports a time-out."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from edge_agent.errors import AgentError, SinkUnavailable


class LibraryError(NamedTuple):
    """An error that librdkafka reports beside the deliveries: its name, and its text."""

    name: str
    text: str


class ProducerFailed(Exception):
    """A record was not taken, or the producer must be replaced; `name` is Kafka's of the reason."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(text)


class KafkaObstacle(SinkUnavailable):
    """The topic cannot be reached or written to; `key` is the configuration's that matters."""

    def __init__(self, key: str, what: str, remedy: str) -> None:
        self.key = key
        super().__init__(what, remedy)


# Of a delivery or a topic, by Kafka's name.
OBSTACLES = {
    "UNKNOWN_TOPIC_OR_PART": (
        "url",
        "the cluster has no topic {topic}",
        "create it, or correct its name",
    ),
    "TOPIC_AUTHORIZATION_FAILED": (
        "username",
        "no right to write to topic {topic}",
        "give the user the right WRITE on it",
    ),
    "CLUSTER_AUTHORIZATION_FAILED": (
        "username",
        "no right to write with idempotence",
        "give the user the right IDEMPOTENT_WRITE on the cluster, or WRITE on the topic",
    ),
    "NOT_ENOUGH_REPLICAS": (
        "url",
        "topic {topic} has too few replicas in sync",
        "start the missing servers: nothing is stored until enough of them have it",
    ),
    "LEADER_NOT_AVAILABLE": (
        "url",
        "a partition of topic {topic} has no leader",
        "wait for the election of one, or start the missing servers",
    ),
    "INVALID_TIMESTAMP": (
        "",
        "the cluster refuses records of this time: one of the two clocks is wrong",
        "set the clock of this machine or of the servers; timedatectl shows it",
    ),
}
ALIASES = {
    "_UNKNOWN_TOPIC": "UNKNOWN_TOPIC_OR_PART",
    "UNKNOWN_TOPIC_ID": "UNKNOWN_TOPIC_OR_PART",
    "_UNKNOWN_PARTITION": "UNKNOWN_TOPIC_OR_PART",
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": "NOT_ENOUGH_REPLICAS",
}
TOO_LARGE = frozenset({"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"})
UNFIT = "UNFIT"  # our own: the event does not fit its schema
REFUSALS = TOO_LARGE | {"INVALID_RECORD", UNFIT}  # what concerns the event itself


def obstacle(name: str, topic: str, text: str = "") -> KafkaObstacle:
    """Return what an error of a delivery or a topic means; an unknown one keeps its name."""
    known = OBSTACLES.get(ALIASES.get(name, name))
    if known is None:
        return KafkaObstacle("url", f"topic {topic}: {text or name}", "see the servers' log")
    key, what, remedy = known
    return KafkaObstacle(key, what.format(topic=topic), remedy)


def overdue(patience: float, slowed: float) -> SinkUnavailable:
    """Return why nothing is confirmed in time, though the topic can be reached."""
    if slowed:
        what = f"the cluster slows this user down, by {slowed:.1f} s for the last request"
        return SinkUnavailable(what, "raise its quota (producer_byte_rate), or send fewer kinds")
    what = f"no confirmation within {patience:g} s"
    return SinkUnavailable(what, "check the load of the cluster and the network")


def refusal(name: str, largest: int) -> str:
    """Return why the cluster will never take an event."""
    if name in TOO_LARGE:
        return f"larger than the topic takes: {largest} bytes"
    return f"the topic takes no such record: {name}"


def login_obstacle(errors: Iterable[LibraryError]) -> KafkaObstacle | None:
    """Return the refusal of a login among these errors; None if there is none."""
    for error in errors:
        if error.name == "_AUTHENTICATION":
            what = f"the login failed: {plain(error.text)}"
            return KafkaObstacle("username", what, "check user, password and mechanism")
    return None


def refused_settings(error: BaseException) -> AgentError:
    """Return what it means that librdkafka takes no settings, in its words without its codes."""
    reason = error.args[0] if error.args else error
    text = reason.str() if hasattr(reason, "str") else str(reason)
    return AgentError(f"librdkafka refuses the settings: {text}", "correct them")


def plain(text: str) -> str:
    """Return a text of librdkafka without the name of its connection and its times."""
    text = re.sub(r"^\S+/\w+: ", "", text)
    text = re.sub(r" \(after \d+ms in state \w+.*$", "", text)
    return re.sub(r"^SASL authentication error: (Authentication failed[^:]*: )?", "", text)

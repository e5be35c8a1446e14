"""What stands between a consumer and a topic, in words."""

from consumers.source import SourceUnavailable
from edge_agent.deliver.kafka.obstacle import LibraryError, login_obstacle, obstacle, plain

FENCED = "FENCED_INSTANCE_ID"
READING = {
    "TOPIC_AUTHORIZATION_FAILED": (
        "no right to read topic {topic}",
        "give the user the rights READ and DESCRIBE on it",
    ),
    "GROUP_AUTHORIZATION_FAILED": (
        "no right to read as group {group}",
        "give the user the right READ on the group",
    ),
    FENCED: (
        "another consumer has become member {member} of group {group}",
        "give each member a name of its own",
    ),
    "INVALID_SESSION_TIMEOUT": (
        "the servers do not take a session timeout of 8 s",
        "let group.min.session.timeout.ms and group.max.session.timeout.ms include it",
    ),
    "_ALL_BROKERS_DOWN": ("no server answers", "check the network and the servers"),
}


class Wording:
    """Says what an error of the library means for one topic, group and member."""

    def __init__(self, topic: str, group: str, member: str) -> None:
        self._names = {"topic": topic, "group": group, "member": member}

    def of(self, error: LibraryError) -> SourceUnavailable:
        """Return the reason and its remedy; an unknown error keeps its text."""
        name = FENCED if "fenced" in error.text else error.name  # the library calls it _FATAL
        if name in READING:
            what, remedy = READING[name]
            return SourceUnavailable(what.format(**self._names), remedy)
        text = plain(error.text)
        found = login_obstacle([error]) or obstacle(error.name, self._names["topic"], text)
        return SourceUnavailable(found.what, found.remedy)

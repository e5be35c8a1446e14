"""The broker's queues: what a subscriber loses there, the agent cannot see."""

import re
from collections.abc import Iterator

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, warning
from edge_agent.doctor.instruments.broker_statistics import dropped_messages
from edge_agent.doctor.instruments.login import Login

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MOSQUITTO = "/etc/mosquitto"
LIMIT = re.compile(r"^[ \t]*max_queued_messages[ \t]+(\d+)", re.MULTILINE)
DEFAULT_LIMIT = 1000  # messages for each subscriber
SECONDS = 10  # of a backlog that a queue should hold
LARGER = "max_queued_messages 20000"
ADVICE = {
    "broker-queue-short": f"`{LARGER}` for mosquitto",
    "broker-dropped-messages": "the same, or a smaller `catch_up`",
}


def look_at_queues(case: Case, address: Address, login: Login, version: int) -> Iterator[Finding]:
    """Find a broker that drops, or may drop, what a slow subscriber does not take in time."""
    dropped = dropped_messages(address, login, version)
    if dropped:
        what = f"it has dropped {dropped:,} messages since its start: a subscriber's queue was full"
        yield warning("broker-dropped-messages", str(address), what, _remedy(case))
    limit = _limit(case) if address.host in LOOPBACK else 0
    catch_up = (case.config.mqtt if case.config else MqttOptions()).catch_up
    if limit and (limit < catch_up * SECONDS or not catch_up):
        what = f"its queue for a subscriber holds {limit:,} messages; {_filled(limit, catch_up)}"
        yield warning("broker-queue-short", str(address), what, _remedy(case))


def _filled(limit: int, catch_up: int) -> str:
    if catch_up:
        return f"after an outage `catch_up` fills it in {limit / catch_up:g} s"
    return "after an outage a backlog fills it at once"


def _limit(case: Case) -> int:
    """Return the limit of this machine's mosquitto; 0 if there is none, or no mosquitto."""
    directory = case.machine.path(MOSQUITTO)
    files = [directory / "mosquitto.conf", *sorted((directory / "conf.d").glob("*.conf"))]
    if not files[0].exists():
        return 0
    texts = [case.machine.read(f"/{file.relative_to(case.machine.root)}") for file in files]
    found = LIMIT.findall("\n".join(texts))
    return int(found[-1]) if found else DEFAULT_LIMIT


def _remedy(case: Case) -> str:
    return (
        f"on the broker's machine `echo '{LARGER}' | sudo tee {MOSQUITTO}/conf.d/queues.conf` and"
        f" `sudo systemctl restart mosquitto`; or a smaller `catch_up` under [mqtt] in {case.file}"
    )

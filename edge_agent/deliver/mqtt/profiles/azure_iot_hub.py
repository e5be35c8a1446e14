"""Azure IoT Hub: one topic for all events of a device, and a token that ends.

It takes messages of 256 KB and a keep-alive of 1177 s, which the agent never exceeds. A token
cannot be renewed within a connection: the agent connects again before it ends.
"""

import binascii
import hmac
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote

from edge_agent.deliver.credentials import read_password
from edge_agent.deliver.envelope import type_of
from edge_agent.deliver.mqtt.address import Broker
from edge_agent.deliver.mqtt.lost import ConnectionLost
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles.profile import Profile
from edge_agent.deliver.mqtt.topics import EventTopics
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.errors import AgentError
from edge_agent.events import LoggedEvent
from edge_agent.topic_names import TOPIC

API_VERSION = "2021-04-12"
LIFETIME = 3600.0  # s of a token
RENEWED_AFTER = 0.8  # of its life
DEVICE = re.compile(r"[A-Za-z0-9._%*?!(),:=@$'-]{1,128}")  # of an id; a topic takes no + and #
JSON = "$.ct=application%2Fjson&$.ce=utf-8"  # so that the hub's routes can read the body


class DeviceTopics:
    """The topic of a device, with an event's type and subject as properties."""

    def __init__(self, device: str) -> None:
        self._topic = f"devices/{device}/messages/events/{JSON}"

    def batch_of(self, _event: LoggedEvent) -> str:
        """Return the topic of batches."""
        return self._topic

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        subject = quote(event.source, safe="")
        return f"{self._topic}&type={type_of(event.kind)}&subject={subject}"


def topics(_node: str, client_id: str, _template: str) -> EventTopics:
    """Return the topics of the device that is the client id."""
    return DeviceTopics(client_id)


def log_in(broker: Broker, trusted: Callable[[], bool]) -> Broker:
    """Return the broker with the user's name and, unless there is a certificate, with tokens."""
    host, device = broker.addresses[0].host, broker.client_id
    named = broker._replace(username=f"{host}/{device}/?api-version={API_VERSION}")
    if broker.tls.certificate:
        return named
    resource = f"{host}/devices/{device}"
    make = partial(_token, broker.password_file, broker.password_env, resource, trusted)
    return named._replace(token=make, renew_after=RENEWED_AFTER * LIFETIME)


def _token(file: str, variable: str, resource: str, trusted: Callable[[], bool]) -> str:
    if not trusted():
        raise ConnectionLost("the clock is not set yet, and a token has the time: wait for NTP")
    return shared_access_signature(
        device_key(file, variable), resource, round(time.time() + LIFETIME)
    )


def shared_access_signature(key: bytes, resource: str, end: int) -> str:
    """Return the token for a resource that ends at `end`, in seconds since 1970."""
    named = quote(resource, safe="")
    digest = hmac.digest(key, f"{named}\n{end}".encode(), "sha256")
    return f"SharedAccessSignature sr={named}&sig={quote(b64encode(digest), safe='')}&se={end}"


def device_key(file: str, variable: str) -> bytes:
    """Return the key of a device; raise AgentError, without the key, if it is none."""
    try:
        key = b64decode(read_password(file, variable).strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        what = "this is no key of a device: it is base64"
        raise AgentError(what, "copy the primary key of the device, not a connection string")
    return key


def check(plan: SinkPlan[MqttOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with device, hub, key, and what the hub cannot do."""
    options = plan.options
    if not DEVICE.fullmatch(options.client_id):
        what = "write the device's id in the hub"
        yield SinkProblem("client_id", options.client_id, what)
    if len(plan.url) > 1:
        yield SinkProblem("url", list(plan.url), "a hub has one address; write one URL")
    if options.username:
        what = "the agent makes it of host and client_id; leave it out"
        yield SinkProblem("username", options.username, what)
    if plan.commands:
        what = "Azure IoT Hub has no topics for commands; leave out `allow` in [commands]"
        yield SinkProblem("", None, what)
    if options.topic != TOPIC:
        what = "Azure IoT Hub prescribes its topics; leave it out"
        yield SinkProblem("topic", options.topic, what)
    if not options.certificate:
        yield from _check_key(options)


def _check_key(options: MqttOptions) -> Iterator[SinkProblem]:
    name = "password_env" if options.password_env else "password_file"
    value = getattr(options, name)
    if not value:
        what = "set it to a file with the device's key, or set certificate and key"
        yield SinkProblem(name, None, what)
        return
    try:
        device_key(options.password_file, options.password_env)
    except AgentError as error:
        yield SinkProblem.of(name, value, error)


PROFILE = Profile(
    "Azure IoT Hub",
    versions=(4,),
    retains=False,
    needs_certificate=False,
    one_client_id=True,
    shows=False,
    check=check,
    log_in=log_in,
    topics=topics,
)

"""What can be wrong with an MQTT sink, found without a connection."""

from collections.abc import Iterator

from edge_agent.deliver.mqtt.address import Address, parse_url
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles.table import PROFILES, check_profile
from edge_agent.deliver.network_check import check_password, check_secret, check_tls
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.url import without_credentials
from edge_agent.topic_names import topic_problem


def check(plan: SinkPlan[MqttOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan: URLs, and files that cannot be read."""
    found: list[Address] = []
    if not plan.url:
        yield SinkProblem("url", [], "no broker; write at least one, as in mqtt://host")
    for url in plan.url:
        try:
            found.append(parse_url(url))
        except ValueError as error:
            yield SinkProblem("url", without_credentials(url), str(error))
    if problem := topic_problem(plan.options.topic):
        yield SinkProblem("topic", plan.options.topic, problem)
    if PROFILES[plan.options.profile].one_client_id:
        yield from check_secret(plan.options, "password")
    else:
        yield from check_password(plan.options)
    yield from check_profile(plan, found)
    if found:
        used = any(address.tls for address in found)
        yield from check_tls(plan.options, used=used, scheme="mqtts")

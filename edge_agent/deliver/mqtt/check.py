"""What can be wrong with an MQTT sink, found without a connection."""

import re
from collections.abc import Iterator

from edge_agent.deliver.mqtt.address import Address, parse_url, read_password, tls_context
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed

TLS_KEYS = ("ca", "certificate", "key")


def check(plan: SinkPlan[MqttOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan: URLs, and files that cannot be read."""
    found: list[Address] = []
    if not plan.url:
        yield SinkProblem("url", [], "no broker; write at least one, as in mqtt://host")
    for url in plan.url:
        try:
            found.append(parse_url(url))
        except ValueError as error:
            yield SinkProblem("url", re.sub("//.*@", "//***@", url), str(error))
    yield from _check_password(plan.options)
    if found:
        yield from _check_tls(plan.options, used=any(address.tls for address in found))


def _check_password(options: MqttOptions) -> Iterator[SinkProblem]:
    key = "password_env" if options.password_env else "password_file"
    try:
        read_password(options.password_file, options.password_env)
        if options.password_file and not options.password_env:
            refuse_exposed(expanded(options.password_file))
    except AgentError as error:
        yield SinkProblem(key, getattr(options, key), f"{error.what}; {error.remedy}")
    else:
        if getattr(options, key) and not options.username:
            yield SinkProblem(key, getattr(options, key), "a password needs a user; set username")


def _check_tls(options: MqttOptions, *, used: bool) -> Iterator[SinkProblem]:
    if not used:
        for key in TLS_KEYS:
            if getattr(options, key):
                yield SinkProblem(key, getattr(options, key), "unused; write mqtts:// in url")
        return
    if bool(options.certificate) != bool(options.key):
        given, missing = sorted(("certificate", "key"), key=lambda one: not getattr(options, one))
        yield SinkProblem(given, getattr(options, given), f"it needs {missing} as well; set both")
        return
    yield from _check_key(options.key)
    try:
        tls_context(*(expanded(getattr(options, key)) for key in TLS_KEYS))
    except AgentError as error:
        yield SinkProblem("", None, f"{error.what}; {error.remedy}")


def _check_key(key: str) -> Iterator[SinkProblem]:
    try:
        if key:
            refuse_exposed(expanded(key))
    except AgentError as error:
        yield SinkProblem("key", key, f"{error.what}; {error.remedy}")

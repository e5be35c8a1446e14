"""An MQTT `[[sink]]` in the place of `[mqtt]`: the same checks examine both."""

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import fields

from edge_agent.config.mqtt import MqttSettings
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Check, Finding
from edge_agent.doctor.instruments.configured_sinks import ConfiguredSink, configured_sinks

KEYS = re.compile(r"\bmqtt\.(?=(?:ca|certificate|key|password_env|password_file)\b)")


def at_every_broker(check: Check) -> Check:
    """Return a check that examines `[mqtt]`, and then every `[[sink]]` that is MQTT."""

    def examine_every(case: Case) -> Iterator[Finding]:
        yield from check(case)
        for sink in configured_sinks(case.config):
            if isinstance(sink.plan.options, MqttOptions):
                for finding in check(_in_place(case, sink)):
                    yield _renamed(finding, sink.plan.name)

    examine_every.__name__ = check.__name__
    return examine_every


def _in_place(case: Case, sink: ConfiguredSink) -> Case:
    config, options = case.config, sink.plan.options
    if config is None:
        return case
    given = {field.name: getattr(options, field.name) for field in fields(MqttOptions)}
    mqtt = MqttSettings(url=sink.plan.url, max_batch=sink.plan.max_batch, **given)
    replaced = msgspec.structs.replace(config, mqtt=mqtt)
    return case._replace(configuration=case.configuration._replace(config=replaced))


def _renamed(finding: Finding, name: str) -> Finding:
    """Let a finding name the table in which the broker is configured."""
    texts = {"what": finding.what, "remedy": finding.remedy}
    changed = {
        key: KEYS.sub(f"sink.{name}.", text).replace("[mqtt]", f'[[sink]] "{name}"')
        for key, text in texts.items()
    }
    return msgspec.structs.replace(finding, **changed)

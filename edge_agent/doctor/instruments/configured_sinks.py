"""Every `[[sink]]` as far as it can be understood, and what it names: files and variables."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import fields

from edge_agent.config.config import Config
from edge_agent.config.reader import TableReader
from edge_agent.config.sink import SinkSettings
from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import SinkPlan, SinkType
from edge_agent.errors import AgentError
from edge_agent.keys import mark
from edge_agent.problems import NoLocations, Problems


class NamedByOption(NamedTuple):
    """A file or a variable (`of`) that an option names; `secret` if it holds a secret."""

    key: str
    named: str
    of: str
    secret: bool


class ConfiguredSink(NamedTuple):
    """A sink's plan, which may have problems, and the type that its scheme names."""

    plan: SinkPlan[Any]
    type: SinkType[Any]

    @property
    def named(self) -> Iterator[NamedByOption]:
        """Yield the files and variables that the options name."""
        for field in fields(self.plan.options):
            marked, value = mark(field), getattr(self.plan.options, field.name)
            if "names" in marked and value:
                secret = bool(marked.get("secret"))
                yield NamedByOption(field.name, value, marked["names"], secret)


def configured_sinks(config: Config | None) -> Iterator[ConfiguredSink]:
    """Yield the sinks in their order; the theme `configuration` reports those left out."""
    for settings in config.sink if config else ():
        sink = _configured(settings)
        if sink is not None:
            yield sink


def _configured(settings: SinkSettings) -> ConfiguredSink | None:
    urls = (settings.url,) if isinstance(settings.url, str) else settings.url
    try:
        kind = load_sink_type(scheme_of(urls[0]) if urls else "")
    except AgentError:
        return None
    options = TableReader(Problems(NoLocations(""))).table(kind.options, settings.options)
    if options is None:
        return None
    kinds = frozenset(settings.kinds)
    plan = SinkPlan(settings.name, urls, options, kinds, settings.start, settings.max_batch)
    return ConfiguredSink(plan, kind)

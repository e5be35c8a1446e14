"""Which live state a plan asks for: the agent's own, one for Home Assistant, or none."""

from edge_agent.deliver.mqtt.no_state import NoState
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles.table import PROFILES
from edge_agent.deliver.mqtt.state import LiveState, LiveTopics
from edge_agent.deliver.sink import SinkContext, SinkPlan


def state_of(plan: SinkPlan[MqttOptions], context: SinkContext, prefix: str) -> LiveState | NoState:
    """Return what a connection shows below `prefix`."""
    profile = PROFILES[plan.options.profile]
    if plan.aside or not profile.shows:
        return NoState()
    topics = LiveTopics(prefix, plan.name, plan.options.retained, template=plan.options.topic)
    if plan.birth:
        return _for_home_assistant(topics, plan, context)
    readings = plan.live and "reading" in plan.kinds  # a metered link has no live values either
    return LiveState(topics._replace(clears=profile.retains, readings=readings), context.about)


def _for_home_assistant(
    topics: LiveTopics, plan: SinkPlan[MqttOptions], context: SinkContext
) -> LiveState:
    from edge_agent.deliver.mqtt.discovery.live_state import HomeAssistantState  # noqa: PLC0415

    return HomeAssistantState(topics, context.about, birth=plan.birth, uptime=context.uptime)

"""The profiles by name, and what is wrong with a plan for one of them."""

from collections.abc import Iterator, Mapping, Sequence

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles import aws_iot, azure_iot_hub, event_grid
from edge_agent.deliver.mqtt.profiles.profile import Profile
from edge_agent.deliver.mqtt.version import written
from edge_agent.deliver.sink import SinkPlan, SinkProblem

PROFILES: Mapping[str, Profile] = {
    "": Profile("", versions=(5, 4), retains=True, port_443=True, needs_certificate=False),
    "aws-iot": aws_iot.PROFILE,
    "azure-iot-hub": azure_iot_hub.PROFILE,
    "event-grid": event_grid.PROFILE,
}


def check_profile(
    plan: SinkPlan[MqttOptions], addresses: Sequence[Address]
) -> Iterator[SinkProblem]:
    """Yield what the service of the plan's profile would refuse."""
    profile = PROFILES[plan.options.profile]
    if plan.options.profile:
        yield from _check_addresses(profile, addresses)
        yield from _check_options(profile, plan.options)
        yield from profile.check(plan)


def _check_addresses(profile: Profile, addresses: Sequence[Address]) -> Iterator[SinkProblem]:
    for address in addresses:
        if address.path:
            what = f"the agent speaks to {profile.service} without WebSockets; write mqtts://"
            yield SinkProblem("url", str(address), what)
        elif not address.tls:
            what = f"{profile.service} needs TLS; write mqtts://"
            yield SinkProblem("url", str(address), what)
        elif address.port == 443 and not profile.port_443:
            what = f"{profile.service} has no MQTT without WebSockets there; leave the port out"
            yield SinkProblem("url", str(address), what)


def _check_options(profile: Profile, options: MqttOptions) -> Iterator[SinkProblem]:
    service = profile.service
    if not set(options.versions) <= set(profile.versions):
        spoken = " and ".join(map(written, profile.versions))
        what = f"{service} is spoken to in MQTT {spoken}; write versions = {[*profile.versions]}"
        yield SinkProblem("versions", list(options.versions), what)
    if options.retained and not profile.retains:
        what = f"{service} takes no retained messages; write retained = false"
        yield SinkProblem("retained", True, what)
    if profile.per_second and not 0 < options.catch_up < profile.per_second:
        what = f"{service} takes {profile.per_second} messages a second; leave room for new ones"
        yield SinkProblem("catch_up", options.catch_up, f"{what}, as in catch_up = 50")
    if profile.needs_certificate:
        yield from _check_certificate(profile, options)


def _check_certificate(profile: Profile, options: MqttOptions) -> Iterator[SinkProblem]:
    if not options.certificate:
        what = f"{profile.service} wants a certificate; set certificate and key"
        yield SinkProblem("certificate", None, what)
    if options.password_file or options.password_env:
        what = f"{profile.service} takes the certificate; leave the password out"
        yield SinkProblem("password_env" if options.password_env else "password_file", None, what)
    if profile.needs_username and not options.username:
        what = f"{profile.service} wants the client's authentication name; set username"
        yield SinkProblem("username", None, what)
    if options.username and not profile.needs_username:
        what = f"{profile.service} takes no user name beside a certificate; leave it out"
        yield SinkProblem("username", options.username, what)

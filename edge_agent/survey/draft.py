"""Turns what was found into a configuration with comments, without any I/O.

A chip that does not identify itself is active only if the user has named it: a driver for another
chip could read plausible nonsense.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from drivers.base.driver import DriverClass, is_sensor
from edge_agent.acquire.scan import Found
from edge_agent.survey.survey import Survey
from edge_agent.toml_text import toml

CREDENTIAL = "edge-agent.mqtt-password"
HEAD = """\
# Written by `edge-agent init`. All keys: docs/configuration.md; all sensors: docs/sensors.md.
# Test changes with `edge-agent check`; apply them with `sudo systemctl reload edge-agent`.

node = {node}  # this machine's name in every topic: edge/{plain}/…

[mqtt]
url = {url}  # while the broker is unreachable, events wait in the log
"""
LOGIN = """\
username = {user}
# The password belongs in a file that only root can read; then uncomment the last line.
#   sudo install -D -m 600 password.txt /etc/credstore/{credential}
# password_file = "$CREDENTIALS_DIRECTORY/{credential}"
"""
NOTHING = """
# No sensor was found, except what the machine measures about itself. A chip on I2C looks like
# [[device]]
# name = "air"
# driver = "bme280"
# bus = 1
# address = 0x76
# every = "10s"
# A DHT22 or DHT11 first needs a line in /boot/firmware/config.txt, with its GPIO, and a reboot:
# dtoverlay=dht11,gpiopin=4
"""
RULE = """
# A rule, as an example: uncomment it, and set the pin of the relay.
# [[output]]
# name = "fan"
# driver = "relay"
# pin = 17
#
# [[rule]]
# name = "{name}"
# when = "{when}"
# for = "30s"
# set = {{ fan = "on" }}
"""
HOME_ASSISTANT = """
[home_assistant]
enabled = true  # it finds this machine by itself, over the same broker
"""
METRICS = """
# What the agent does, for Prometheus; http://127.0.0.1:9273/metrics shows it.
# [metrics]
# listen = "127.0.0.1:9273"
"""
WEB = """
[web]
listen = "127.0.0.1:8080"  # a page for browsers on this machine; others need a password as well
"""
CHIPS, SELF = "10s", "60s"  # how often chips and the machine itself are read
OFTEN = {"sgp30": "1s"}  # its algorithm counts its measurements (datasheet, 6.3)


class Answers(NamedTuple):
    """What only the user knows; `chips` maps (bus, address) to a driver."""

    node: str
    url: str
    chips: Mapping[tuple[int, int], str] = {}
    home_assistant: bool = False
    web: bool = False


class Entry(NamedTuple):
    """A device's table; `why` is the comment above it. If not `active`, it is a comment too."""

    name: str
    driver: str
    keys: Mapping[str, Any]
    why: str
    every: str = CHIPS
    active: bool = True


def draft(survey: Survey, answers: Answers, drivers: Mapping[str, DriverClass]) -> str:
    """Return the text of a configuration; `drivers` are those in the catalogue."""
    entries = named([*_chips(survey, answers), *_thermometers(survey), *_others(survey)])
    parts = [_head(answers), *map(_table, entries)]
    if all(entry.every == SELF for entry in entries):
        parts.append(NOTHING)
    return "".join([*parts, *_example(entries, drivers)])


def named(entries: list[Entry]) -> list[Entry]:
    """Return the entries with unique names: sht4x, sht4x-2 and so on."""
    seen: dict[str, int] = {}
    result = []
    for entry in entries:
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", entry.name)[:56]
        seen[plain] = seen.get(plain, 0) + 1
        number = f"-{seen[plain]}" if seen[plain] > 1 else ""
        result.append(entry._replace(name=plain + number))
    return result


def ambiguous(found: Found) -> tuple[str, ...]:
    """Return the drivers that may fit a chip that does not identify itself."""
    certain = any(claim.certain for claim in found.claims)
    return () if certain else tuple(claim.driver for claim in found.claims)


def _head(answers: Answers) -> str:
    parts = urlsplit(answers.url)
    user, _, host = parts.netloc.rpartition("@")
    url = parts._replace(netloc=host).geturl()
    head = HEAD.format(node=toml(answers.node), plain=answers.node, url=toml(url))
    if user:
        name = toml(user.partition(":")[0])
        head += LOGIN.format(user=name, credential=CREDENTIAL)
    return head + HOME_ASSISTANT * answers.home_assistant + WEB * answers.web + METRICS


def _chips(survey: Survey, answers: Answers) -> Iterator[Entry]:
    """Yield a table for each chip; as a comment if it is not known which chip it is."""
    for found in survey.chips:
        if found.kernel:
            continue  # it is among the kernel's devices
        place = f"i2c-{found.bus}, address 0x{found.address:02x}"
        keys = {"bus": found.bus, "address": found.address}
        chosen = answers.chips.get((found.bus, found.address))
        for driver, chip, certain in found.claims:
            if certain or driver == chosen:
                source = "identified" if certain else "as you chose"
                every = OFTEN.get(driver, CHIPS)
                yield Entry(driver, driver, keys, f"{chip} on {place}: {source}", every)
        choices = ambiguous(found)
        if choices and chosen not in choices:
            why = f"An unidentified chip on {place}: {' or '.join(choices)}"
            yield Entry(choices[0], choices[0], keys, why, active=False)


def _thermometers(survey: Survey) -> Iterator[Entry]:
    for id_ in survey.thermometers:
        yield Entry(f"ds18b20-{id_[-4:]}", "ds18b20", {"id": id_}, "A thermometer on 1-Wire")


def _others(survey: Survey) -> Iterator[Entry]:
    for driver, device, measure in survey.kernel:
        keys = {"device": device} | ({"measure": list(measure)} if measure else {})
        why = f"Read through the kernel's own driver ({driver})"
        yield Entry(device, driver, keys, why, every=SELF)
    for driver in survey.own:
        yield Entry(driver, driver, {}, "What the machine measures about itself", every=SELF)


def _table(entry: Entry) -> str:
    lines = [f"name = {toml(entry.name)}", f"driver = {toml(entry.driver)}"]
    lines += [f"{key} = {_written(key, value)}" for key, value in entry.keys.items()]
    table = ["[[device]]", *lines, f"every = {toml(entry.every)}"]
    mark = "" if entry.active else "# "
    return "\n".join(["", f"# {entry.why}", *(mark + line for line in table), ""])


def _written(key: str, value: Any) -> str:  # noqa: ANN401 - texts, numbers, lists of texts
    return f"0x{value:02x}" if key == "address" else toml(value)


def _example(entries: list[Entry], drivers: Mapping[str, DriverClass]) -> Iterator[str]:
    """Yield a rule on the first active channel, with a limit inside its range."""
    for entry in entries:
        driver = drivers[entry.driver]
        if entry.active and is_sensor(driver):
            options = {key: entry.keys[key] for key in ("device", "measure") if key in entry.keys}
            channel = driver(None, **options).channels[0]  # they may depend on them
            limit = 30 if channel.unit == "°C" else (channel.low + channel.high) / 2
            above = "" if channel.quantity == "binary" else f" > {limit:g}"
            when = f"{entry.name}.{channel.name}{above}"
            yield RULE.format(name=f"{channel.name}-example", when=when)
            return

"""The templates by which Home Assistant reads our topics, and writes commands.

`None` as a state means unknown there: a channel without a right value never shows an old one.
"""

import json

DAY = 86400  # seconds: the longest time for which a command may set an output

IS_WELL = "{{ 'offline' if 'quality' in value_json else 'online' }}"
FIRING = "{{ 'ON' if value_json.state in ('firing', 'flapping') else 'OFF' }}"
SWITCHED_ON = "{{ 'ON' if value_json.value > 0 else 'OFF' }}"
LIT = "{{ 'on' if value_json.value > 0 else 'off' }}"
BRIGHTNESS = "{{ (value_json.value * 255) | round | int }}"
PERCENT = "{{ (value_json.value * 100) | round(1) }}"
CLOCK_IS_WRONG = (
    "{% if 'clock_set' not in value_json %}None"
    "{% elif value_json.clock_set %}OFF{% else %}ON{% endif %}"
)
VERSION = "{{ value_json.version }}"


def channel_value(name: str) -> str:
    """Return the template of a sensor's state."""
    return f"{{{{ value_json.get({name!r}, 'None') }}}}"


def contact_value(name: str) -> str:
    """Return the template of a binary sensor's state."""
    missing = f"{{% if {name!r} not in value_json %}}None"
    return f"{missing}{{% elif value_json[{name!r}] %}}ON{{% else %}}OFF{{% endif %}}"


def sink_value(sink: str, figure: str) -> str:
    """Return the template of one key of a sink's report."""
    sinks = "value_json.get('sinks', {})"
    return f"{{{{ {sinks}.get({sink!r}, {{}}).get({figure!r}, 'None') }}}}"


def order(output: str, value: str) -> str:
    """Return the payload that sets an output for a day; "auto" leaves it to the rules again."""
    return json.dumps({"output": output, "value": value, "for": DAY})


def order_of(output: str, value: str) -> str:
    """Return the template of an order whose value is an expression."""
    return f'{{"output": {json.dumps(output)}, "value": {{{{ {value} }}}}, "for": {DAY}}}'

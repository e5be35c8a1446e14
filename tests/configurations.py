"""The configuration of most tests that run a whole agent: one sensor, one output, one rule."""

AIR = """
[[device]]
name = "air"
driver = "sht4x"
every = "50ms"
"""
SOIL = """
[[device]]
name = "soil"
driver = "sht4x"
bus = 3
every = "50ms"
"""
FAN = """
[[output]]
name = "fan"
pin = 22
"""


def warm(limit=10):
    """Return a rule that switches the fan on above `limit`."""
    when = f"air.temperature > {limit}"
    return f'\n[[rule]]\nname = "warm"\nwhen = "{when}"\nset = {{ fan = "on" }}\n'


def shed(url, log="commit_interval = 0", limit=10):
    """Return the whole configuration; more tables may follow."""
    return f'node = "shed"\n[mqtt]\nurl = "{url}"\n[log]\n{log}\n{AIR}{FAN}{warm(limit)}'

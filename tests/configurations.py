"""The configurations of tests that run a whole agent: a shed, or many chips under load."""

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


CHIP = """
[[device]]
name = "chip{bus}{n}"
driver = "sht4x"
bus = {bus}
address = {address}
every = "{every}"
"""


def chips(buses: int = 2, each: int = 3, every: str = "50ms") -> str:
    """Return devices; by default six, with 120 readings a second together."""
    return "".join(
        CHIP.format(bus=bus, n=n, address=0x44 + n, every=every)
        for bus in range(1, buses + 1)
        for n in range(each)
    )


def load(buses: int) -> str:
    """Return the whole configuration of an agent with three chips on each bus, at 20 Hz."""
    return f'node = "load"\n[log]\ncommit_interval = "20ms"\n{chips(buses)}'

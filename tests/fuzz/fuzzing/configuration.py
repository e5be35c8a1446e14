"""The configuration file and `--set`: every problem is named in one ConfigError."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_agent.blueprint import resolve
from edge_agent.config.config import Config
from edge_agent.config.settings import keys, tables
from edge_agent.errors import ConfigError
from fuzzing.input import Input

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.toml"))
TEXT, GRAMMAR = 0, 1
TABLES = [(heading, [key.encode_name for key in keys(kind)]) for heading, kind in tables(Config)]
OWN = ("pin", "inputs", "device", "measure", "precision", "oversampling", "path", "surprise")
VALUES = [
    '"air"', '"bme280"', '"sht4x"', '"relay"', '"iio"', '"ads1115"', '"fan"', '"1s"', '"1m"',
    '"-1s"', '"1e400s"', '"256MB"', '"on"', '"off"', '"mqtt://h"', '"mqtts://h:0"', '"file:///x"',
    '"mqtt://[::1"', '"mqtt://u:p@h/%ff"', '"air.temperature > 3"', '"mean(air.humidity, 5m) > x"',
    '"not not (air.humidity)"', '"rate(air.humidity, 10m, hour) < -6"', '"{air.temperature:.1f}"',
    '"{air.temperature!r:>999999999}"', '"1 +"', '"((((((((((((((((((((1))))))))))))))))))))"',
    '""', '"\\u0000"', '"é"', "0", "1", "-1", "17", "0x76", "1.5", "1e308", "inf", "nan", "true",
    "99999999999999999999", "[]", '["a0"]', '["air"]', "[[], {}]", "{}", "{ fan = 1 }",
    "{ x = { value = 1, low = 0, high = 2 } }", "1979-05-27T07:32:00Z", "07:32:00", "[1, 2]",
]  # fmt: skip
_directory = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
_file = _directory / "config.toml"


def target(data: bytes) -> None:
    """Resolve a text, or tables that a grammar makes of the bytes."""
    source = Input(data)
    text = b"\n".join(_lines(source)) if source.number(2) == GRAMMAR else source.rest()
    overrides = [line.decode(errors="replace") for line in text.splitlines() if line[:1] == b"%"]
    _file.write_bytes(text)
    try:
        resolve(_file, overrides[:3])
    except ConfigError as error:
        assert error.problems
        assert all(problem.startswith((str(_file), "--set")) for problem in error.problems)
        assert sum(map(len, error.problems)) < 100 * len(text) + 10_000


def _lines(source: Input) -> Iterator[bytes]:
    yield b'node = "fuzz"\n[mqtt]'
    while source.left:
        heading, names = source.choice(TABLES)
        yield heading.replace("<name>", "temperature").encode()
        for _ in range(source.number(6)):
            name = source.choice([*names, *OWN])
            yield f"{name} = {source.choice(VALUES)}".encode()


SEEDS = [bytes([TEXT]) + path.read_bytes() for path in EXAMPLES]
SEEDS += [bytes([GRAMMAR, n, 4, 0, n, 1, n + 3, 2, n + 5, 3, n + 7]) * 3 for n in range(0, 200, 7)]
SEEDS += [b"\0%device.air.every=5s\n", b"\0[" + b"a." * 200 + b"b]\n", b"\0x = " + b"[" * 300]

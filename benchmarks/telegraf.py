"""A real Telegraf with the plug-ins that are needed here, built once into the cache by Go."""

import os
import subprocess
from pathlib import Path

VERSION = "1.33.3"  # of the Go module; it takes Go 1.24
CACHE = Path.home() / f".cache/edge-agent-tests/telegraf-{VERSION}"
PLUGINS = (
    "custom,inputs.mqtt_consumer,outputs.influxdb_v2,outputs.mqtt,parsers.json,serializers.json"
)


def telegraf() -> Path:
    """Return the program, built if it is not there: a minute, and modules of some 400 MB."""
    program = CACHE / "telegraf"
    if not program.exists():
        module = f"github.com/influxdata/telegraf/cmd/telegraf@v{VERSION}"
        environment = os.environ | {"GOBIN": str(CACHE)}
        subprocess.run(["go", "install", "-tags", PLUGINS, module], env=environment, check=True)
    return program

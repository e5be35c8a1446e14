"""The real program on simulated chips, with a page, and what changes its world."""

import subprocess
import sys
import urllib.error
import urllib.request

import msgspec
from lab.agent import AgentProcess
from lab.broker import free_port
from lab.waiting import eventually

CONFIG = """
node = "{name}"
[log]
commit_interval = "100ms"
[commands]
allow = ["read", "diagnostics", "set", "acknowledge", "silence", "threshold", "reload"]
[web]
listen = "127.0.0.1:{port}"
{password}
[[device]]
name = "air"
driver = "bme280"
every = "200ms"
[device.channel.temperature]
offset = -0.4
[[device]]
name = "soil"
driver = "ads1115"
address = 0x48
every = "1s"
inputs = ["a0"]
[[device]]
name = "door"
driver = "contact"
pin = 17
every = "30s"
active_low = false
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "too_warm"
when = "air.temperature > warm"
clear = "air.temperature < warm - 2"
message = "{{air.temperature:.1f}} °C in the greenhouse"
severity = "critical"
threshold.warm = {{ value = 40, low = 20, high = 60 }}
"""
SCENARIO = """
[signal."air.temperature"]
kind = "constant"
level = 21.4
noise = 3
"""


def answers(url):
    """Return whether a page answers, whatever it says."""
    try:
        urllib.request.urlopen(url).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


class Greenhouse:
    """A running agent; `control` changes what its chips measure."""

    def __init__(self, directory, broker, password="", name="greenhouse"):
        self.port = free_port()
        line = ""
        if password:
            file = directory / "password"
            file.write_text(password)
            file.chmod(0o600)
            line = f'password_file = "{file}"'
        config = CONFIG.format(port=self.port, password=line, name=name)
        self._process = AgentProcess(directory, broker, config)
        self._process.config.with_suffix(".scenario.toml").write_text(SCENARIO)
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self):
        """Start it; the page answers when this returns."""
        self._process.start()
        eventually(self._answers)
        return self

    def _answers(self):
        assert self._process.is_running(), self._process.output.read_text()
        return answers(self.url)

    def control(self, line):
        """Change what is simulated, as `edge-agent control` does."""
        command = [sys.executable, "-m", "edge_agent", "control", "-c", self._process.config]
        settings = ["--set", f"log.path={self._process.log}"]
        subprocess.run([*command, *settings, *line.split()], check=True, timeout=60)

    def timed(self, kind, source):
        """Return time in µs and data of a kind of event, oldest first."""
        return [
            (event.time, msgspec.json.decode(event.data))
            for event in self._process.events()
            if (event.kind, event.source) == (kind, source)
        ]

    def logged(self, kind, source):
        """Return what the log has of a kind of event, oldest first."""
        return [data for _, data in self.timed(kind, source)]

    def stop(self):
        """Stop it as systemd does."""
        assert self._process.stop() in {0, None}

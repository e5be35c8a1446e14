"""HiveMQ CE: a broker of its own kind, whose Receive Maximum is 10."""

import shutil
from pathlib import Path

from lab.broker import free_port

from tests.buses.servers.maven import jars
from tests.buses.servers.server_process import ServerProcess

HERE = Path(__file__).parent
VERSION = "2025.5"
JAVA = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
CONFIGURATION = """\
<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener><port>{port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>
  </listeners>
  <mqtt><packets><max-packet-size>{largest}</max-packet-size></packets></mqtt>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
"""


class HiveMq:
    """One broker on its own loopback port; `kill` and `start` it any number of times."""

    def __init__(self, directory, largest):
        assert shutil.which("javac"), "javac is missing: apt install default-jdk-headless"
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        for name in ("conf", "data", "extensions"):
            (directory / name).mkdir()
        text = CONFIGURATION.format(port=self.port, largest=largest)
        (directory / "conf/config.xml").write_text(text)
        libraries = jars(HERE / "hivemq.xml", f"hivemq-{VERSION}")
        program = ["-cp", f"{libraries}/*", HERE / "HiveMq.java", directory]
        log = directory / "hivemq.log"
        self._process = ServerProcess(["java", *JAVA, *program], self.port, log)
        self.kill, self.stop = self._process.kill, self._process.kill
        self.pause, self.resume = self._process.pause, self._process.resume

    def start(self):
        self._process.start()
        return self

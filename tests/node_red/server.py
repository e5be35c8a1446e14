"""A real Node-RED as a process, on the loopback; npm fetches it once, into the cache."""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

from lab.broker import free_port
from lab.waiting import eventually

VERSION = "4.1.15"  # of npm; it runs on the Node.js of Debian 12
CACHE = Path.home() / f".cache/edge-agent-tests/node-red-{VERSION}"
SETTINGS = """
module.exports = {
  flowFile: "flows.json", uiHost: "127.0.0.1", uiPort: %d, telemetry: { enabled: false },
  externalModules: { autoInstall: false, palette: { allowInstall: false } },
};
"""


def program():
    """Return the program of Node-RED, fetched (120 MB) if it is not there."""
    if not CACHE.exists():
        assert shutil.which("npm"), "npm is missing: apt install npm"
        part = CACHE.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        words = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*words, "--prefix", str(part), f"node-red@{VERSION}"], check=True)
        part.rename(CACHE)
    return CACHE / "node_modules/node-red/red.js"


class NodeRed:
    """A Node-RED without flows; `import_flow` deploys some."""

    def __init__(self, directory):
        directory.mkdir()
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._output = directory / "output.txt"
        settings = directory / "settings.js"
        settings.write_text(SETTINGS % port)
        words = ["node", program(), "--userDir", directory, "--settings", settings]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(list(map(str, words)), stdout=output, stderr=output)
        eventually(self._answers)

    def _answers(self):
        try:
            urllib.request.urlopen(f"{self._url}/flows", timeout=60).close()
        except OSError:
            return False
        return True

    def import_flow(self, nodes):
        """Deploy nodes in place of all that there are."""
        self._post("flows", json.dumps(nodes).encode())

    def press(self, node):
        """Press the button of an inject node."""
        self._post(f"inject/{node}", b"")

    def _post(self, path, body):
        request = urllib.request.Request(f"{self._url}/{path}", body)
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, timeout=60).close()

    def says(self, text):
        """Return whether its log has a text."""
        return text in self._output.read_text()

    def stop(self):
        self._process.terminate()
        self._process.wait(60)

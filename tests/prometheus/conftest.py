"""Prometheus itself, and its promtool: what reads the metrics decides whether they are right."""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from lab.broker import free_port

FETCHED = Path.home() / ".cache/edge-agent-tests/prometheus/usr/bin"


def program(name):
    """Return the path of a program of Prometheus."""
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{FETCHED}")
    assert found, f"{name} is missing: `make test` fetches it, or `apt install prometheus`"
    return found


@pytest.fixture
def promtool():
    """A function: run promtool; return what it writes and the exit code."""

    def run(*words, given=""):
        done = subprocess.run(
            [program("promtool"), *map(str, words)],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr, done.returncode

    return run


def scraped(target):
    """Return the lines of a configuration that scrape a target, of a job and an address."""
    job, address = target
    return f"  - {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n"


class Prometheus:
    """A Prometheus of its own, that reads its targets, one of each job, every 200 ms."""

    def __init__(self, directory, rules, targets):
        self._url = f"http://127.0.0.1:{free_port()}"
        config = directory / "prometheus.yml"
        config.write_text(
            f"global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}\n"
            f"rule_files: [{json.dumps(str(rules))}]\n"
            f"scrape_configs:\n" + "".join(map(scraped, targets.items()))
        )
        words = [f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}"]
        address = self._url.removeprefix("http://")
        with (directory / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program("prometheus"), *words, f"--web.listen-address={address}"],
                stdout=log,
                stderr=log,
            )

    def ask(self, path, **parameters):
        """Return the data of an answer; None as long as there is none."""
        url = f"{self._url}/api/v1/{path}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def values(self, query):
        """Return what a query finds now: the values by their labels; nothing until it does."""
        found = self.ask("query", query=query) or {"result": []}
        return {frozenset(one["metric"].items()): float(one["value"][1]) for one in found["result"]}

    def stop(self):
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def prometheus(tmp_path, root):
    """A function: start a Prometheus with our alert rules; the end of the test stops it."""
    started = []

    def start(port):
        rules = root / "examples/prometheus/edge-agent.rules.yml"
        started.append(Prometheus(tmp_path, rules, {"edge-agent": f"127.0.0.1:{port}"}))
        return started[-1]

    yield start
    for one in started:
        one.stop()

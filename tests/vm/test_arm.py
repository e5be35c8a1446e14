"""The documented commands install the agent on a Pi's processors, without compiling anything.

They run in bare Debians under user-mode emulation; the agent then measures the machine itself.
"""

import json
import re
import time

import pytest
from lab.chroot import installed
from lab.qemu import CommandFailed

MACHINES = {"aarch64": ("trixie", "arm64"), "armv7l": ("bookworm", "armhf")}
ALONE = """
node = "alone"
[log]
path = "/tmp/alone.db"
[[device]]
name = "memory"
driver = "memory"
every = "1s"
"""
IMPORTS = "import sys, time; t = time.monotonic(); import edge_agent.agent, edge_agent.commands.run"


@pytest.fixture(scope="module", params=MACHINES)
def machine(request, tmp_path_factory):
    """A bare Debian with the agent, and no compiler."""
    suite, arch = MACHINES[request.param]
    chroot = installed(tmp_path_factory.mktemp(arch), suite, arch)
    yield request.param, chroot
    chroot.close()


def test_the_agent_installs_without_a_compiler_and_reads(machine, fact):
    name, chroot = machine
    assert chroot.run("uname -m").strip() == name
    with pytest.raises(CommandFailed):
        chroot.run("command -v gcc cc")
    chroot.tree.joinpath("tmp/alone.toml").write_text(ALONE)
    chroot.run("edge-agent check /tmp/alone.toml")
    output = chroot.run("timeout -s TERM 20 edge-agent run /tmp/alone.toml || [ $? = 124 ]")
    assert "running: 1 devices" in output
    events = chroot.run("edge-agent log -c /tmp/alone.toml tail -n 50 --json").splitlines()
    values = [json.loads(line)["data"].get("values", {}) for line in events]
    assert [each for each in values if each.get("available", each.get("used", 0)) > 0]
    fact(f"{name}: installed environment, MB", chroot.size("/opt/edge-agent") / 1e6)


def test_the_time_and_memory_of_its_imports_are_measured(machine, fact):
    """Figures for the report: emulated, so they mean something only relative to Python's own."""
    name, chroot = machine
    python = "/opt/edge-agent/bin/python"
    peak = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    bare = int(chroot.run(f'{python} -c "{peak}"'))
    took, rss = chroot.run(f'{python} -c "{IMPORTS}; print(time.monotonic() - t); {peak}"').split()
    began = time.monotonic()
    version = chroot.run("edge-agent --version")
    fact(f"{name}: `edge-agent --version`, s, emulated", time.monotonic() - began)
    fact(f"{name}: import of the agent, s, emulated", float(took))
    fact(f"{name}: memory of the agent above Python's own, MB, emulated", (int(rss) - bare) / 1024)
    assert re.match(r"edge-agent, version \d", version)

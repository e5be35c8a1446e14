"""Theme: the packages that the configuration needs are installed, and the agent is up to date."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning

# module: our extra that installs it, Debian's package
EXTRAS = {
    "spidev": ("spi", "python3-spidev"),
    "serial": ("serial", "python3-serial"),
    "apprise": ("notify", "apprise"),
}
PACKAGE = "edge-agent"
# The first two are what is installed and what could be, in the words of any language; in
# parentheses if there is none.
POLICY = re.compile(r"^  [^\s:][^:\n]*: (\S+)$", re.MULTILINE)
ADVICE = {
    "update-available": "install the newer package that `apt update` has found",
    "package-missing": "install the extra that a device or service needs: spi, serial or notify",
}


def _needed(case: Case) -> Iterator[str]:
    if any(case.placed("spi")):
        yield "spidev"
    if any(case.serial_lines()):
        yield "serial"
    if case.config and case.config.notify:
        yield "apprise"


def check_extras(case: Case) -> Iterator[Finding]:
    """Find optional packages that a device or a notification needs."""
    for module in _needed(case):
        if not case.probes.installed(module):
            pip = Path(sys.prefix) / "bin/pip"
            sudo = "sudo " if case.user.service else ""
            extra, package = EXTRAS[module]
            remedy = f"`{sudo}{pip} install 'edge-agent[{extra}]'`; or `sudo apt install {package}`"
            what = f"the Python package {module} is not installed, but {case.file} needs it"
            yield problem("package-missing", module, what, remedy)


def check_update(case: Case) -> Iterator[Finding]:
    """Report a newer Debian package that this machine knows of; nothing is asked over the network.

    What pip installed is not compared: only its index knows what is newer.
    """
    done = case.machine.command("apt-cache", "policy", PACKAGE)
    found = POLICY.findall(done.output)[:2] if done.code == 0 else []
    here, newest = found if len(found) == 2 else ("", "")
    if here != newest and not (here + newest).count("("):
        what = f"version {newest} is there, {here} is installed"
        remedy = f"`sudo apt install {PACKAGE}`; what is new: CHANGELOG.md"
        yield warning("update-available", PACKAGE, what, remedy)


THEME = Theme("software", (check_extras, check_update), ADVICE)

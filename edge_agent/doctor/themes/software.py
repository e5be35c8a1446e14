"""Theme: the optional packages that the configuration needs are installed."""

import sys
from collections.abc import Iterator
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem

# module: our extra that installs it, Debian's package
EXTRAS = {
    "spidev": ("spi", "python3-spidev"),
    "serial": ("serial", "python3-serial"),
    "apprise": ("notify", "apprise"),
}
ADVICE = {
    "package-missing": "install the extra that a device or service needs: spi, serial or notify",
}


def _needed(case: Case) -> Iterator[str]:
    if any(case.placed("spi")):
        yield "spidev"
    if any(case.placed("serial")):
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


THEME = Theme("software", (check_extras,), ADVICE)

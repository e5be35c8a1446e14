"""The files of the service: their sources, and their places on the machine."""

from pathlib import Path

from edge_agent.machine import Machine
from edge_agent.service import TEMPLATE_FILE, UNIT_FILE

UNCHANGED = "exists; left unchanged"
PROGRAM = "/opt/edge-agent/bin/edge-agent"  # in the unit as it is shipped
TARGETS = {
    "edge-agent.service": UNIT_FILE,
    "edge-agent@.service": TEMPLATE_FILE,
    "edge-agent.sysusers": "/etc/sysusers.d/edge-agent.conf",
    "edge-agent.tmpfiles": "/etc/tmpfiles.d/edge-agent.conf",
    "60-edge-agent.rules": "/etc/udev/rules.d/60-edge-agent.rules",
}


def shipped(package: Path = Path(__file__).parents[1]) -> Path:
    """Return the files' folder: inside an installed package, next to the package in a checkout."""
    inside = package / "systemd"
    return inside if inside.is_dir() else package.parent / "systemd"


def rendered(program: str) -> dict[str, str]:
    """Return the text of each file on the machine; the unit starts this program."""
    return {
        target: (shipped() / name).read_text(encoding="utf-8").replace(PROGRAM, program)
        for name, target in TARGETS.items()
    }


def put(machine: Machine, target: str, text: str) -> str:
    """Write a text to a file that all users may read; return what was done."""
    path = machine.path(target)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before == text:
        return UNCHANGED
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")  # so a power cut leaves the whole old or new text
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(path)
    return "written" if before is None else "updated"

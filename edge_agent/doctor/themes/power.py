"""Theme: supply and heat, as a Raspberry Pi's firmware tells them, now and since it started."""

from collections.abc import Iterator

from drivers.base.driver import read
from drivers.base.errors import BusMissing
from drivers.base.linux import LinuxPort
from drivers.throttled import Throttled, flags
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning

SUPPLY = (
    "use the Pi's own power supply (5.1 V, 3 A; a Pi 5 wants 5 A) with a short cable, and feed"
    " sensors and USB disks from elsewhere"
)
COOLING = "cool it: heat sink or fan, no closed case, not above 50 °C around it"
# flag, id, what
ROWS = (
    ("under_voltage", "under-voltage", "the supply is below 4.63 V", SUPPLY),
    ("throttled", "throttled", "the processor is slowed down", f"{COOLING}; {SUPPLY}"),
    ("frequency_capped", "frequency-capped", "the processor's clock is capped", COOLING),
    ("hot", "hot", "the soft temperature limit is reached", COOLING),
)
AGAIN = "the mark stays until `sudo reboot`"


def _flags(case: Case) -> dict[str, float] | None:
    """Ask the kernel, then the firmware's own tool; None where neither tells."""
    try:
        return read(Throttled(LinuxPort(case.hardware.kernel(), "firmware")))
    except BusMissing:
        told = case.machine.command("vcgencmd", "get_throttled")
    text = told.output.strip().removeprefix("throttled=")
    return flags(text, "vcgencmd") if told.code == 0 and text.startswith("0x") else None


def check_power(case: Case) -> Iterator[Finding]:
    """Look for bits that are set in the firmware's word."""
    found = _flags(case) or {}
    for flag, id_, what, remedy in ROWS:
        if found.get(flag):
            yield problem(id_, "firmware", f"now: {what}", remedy)
        elif found.get(f"{flag}_ever"):
            since = f"since the start of the machine, not now: {what}"
            yield warning(f"{id_}-since-boot", "firmware", since, f"{remedy}; {AGAIN}")


THEME = Theme(
    "power",
    (check_power,),
    lambda case: "" if _flags(case) is not None else "only a Raspberry Pi's firmware tells",
)

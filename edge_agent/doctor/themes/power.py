"""Theme: supply and heat, as a Raspberry Pi's firmware reports them, now and since boot."""

from collections.abc import Iterator

from drivers.base.driver import read
from drivers.base.errors import BusMissing
from drivers.base.linux import LinuxPort
from drivers.throttled import Throttled, flags
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning

SUPPLY = (
    "use the Pi's own power supply (5.1 V, 3 A; a Pi 5 needs 5 A) with a short cable, and power"
    " sensors and USB disks separately"
)
COOLING = "cool it: a heat sink or fan, no closed case, at most 50 °C around it"
# flag, id, what, remedy
ROWS = (
    ("under_voltage", "under-voltage", "the supply is below 4.63 V", SUPPLY),
    ("throttled", "throttled", "the processor is throttled", f"{COOLING}; {SUPPLY}"),
    ("frequency_capped", "frequency-capped", "the processor's clock is capped", COOLING),
    ("hot", "hot", "the soft temperature limit is reached", COOLING),
)
UNTIL_REBOOT = "the flag stays set until `sudo reboot`"
ADVICE = {
    "under-voltage": "a better supply: 5.1 V, 3 A (Pi 5: 5 A)",
    "throttled": "cool it, and a better supply",
    "frequency-capped": "cool it",
    "hot": "cool it",
    "under-voltage-since-boot": "as `under-voltage`",
    "throttled-since-boot": "as `throttled`",
    "frequency-capped-since-boot": "as `frequency-capped`",
    "hot-since-boot": "as `hot`",
}


def _flags(case: Case) -> dict[str, float] | None:
    """Read the flags from the kernel, else from the firmware's own tool; None without both."""
    try:
        return read(Throttled(LinuxPort(case.hardware.kernel(), "firmware")))
    except BusMissing:
        answer = case.machine.command("vcgencmd", "get_throttled")
    text = answer.output.strip().removeprefix("throttled=")
    return flags(text, "vcgencmd") if answer.code == 0 and text.startswith("0x") else None


def check_power(case: Case) -> Iterator[Finding]:
    """Find flags that the firmware has set."""
    found = _flags(case) or {}
    for flag, id_, what, remedy in ROWS:
        if found.get(flag):
            yield problem(id_, "firmware", f"now: {what}", remedy)
        elif found.get(f"{flag}_ever"):
            since = f"since boot, but not now: {what}"
            yield warning(f"{id_}-since-boot", "firmware", since, f"{remedy}; {UNTIL_REBOOT}")


def _skip(case: Case) -> str:
    return "" if _flags(case) is not None else "only a Raspberry Pi's firmware reports it"


THEME = Theme("power", (check_power,), ADVICE, _skip)

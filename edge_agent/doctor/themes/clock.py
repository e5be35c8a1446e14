"""Theme: the wall clock is right, and NTP keeps it right."""

from collections.abc import Iterator

from drivers.base.members import KnowsTime
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning

SERVICES = ("systemd-timesyncd", "chrony", "chronyd", "ntpsec", "ntp", "ntpd", "openntpd")
ADVICE = {
    "clock-no-ntp": "`sudo timedatectl set-ntp true`",
    "clock-not-set": "allow NTP in the firewall, or name a server of your network",
}


def check_clock(case: Case) -> Iterator[Finding]:
    """Check that an NTP service runs, and has set the clock."""
    answer = case.machine.command("systemctl", "is-active", *SERVICES)
    kept = not case.unit.systemd or "active" in answer.output.splitlines()
    trusted = case.clock.now().trusted
    if not kept:
        yield _no_service(_meanwhile(case), trusted=trusted)
    elif not trusted:
        what = f"not synchronised: until it is, {_meanwhile(case)}"
        remedy = (
            "`timedatectl timesync-status` shows the server; if your network blocks it, write"
            " `NTP=your.server` under [Time] in /etc/systemd/timesyncd.conf, then"
            " `sudo systemctl restart systemd-timesyncd`"
        )
        yield warning("clock-not-set", "system clock", what, remedy)


def _meanwhile(case: Case) -> str:
    """Return what is true of events while the clock is not set."""
    for one in case.placed("serial"):
        if isinstance(one.driver, KnowsTime):
            return f"events have the time of {one.name} once it has a fix"
    return "events wait for their true time"


def _no_service(meanwhile: str, *, trusted: bool) -> Finding:
    what = "no NTP service runs, so the clock drifts"
    if not trusted:
        what = f"no NTP service runs, and the clock has not been set since boot: {meanwhile}"
    remedy = (
        "`sudo timedatectl set-ntp true`; if it says that NTP is not supported, first"
        " `sudo apt install systemd-timesyncd`"
    )
    return problem("clock-no-ntp", "system clock", what, remedy)


THEME = Theme("clock", (check_clock,), ADVICE)

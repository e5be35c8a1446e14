"""Theme: the wall clock is right, and something keeps it so."""

from collections.abc import Iterator

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning

SERVICES = ("systemd-timesyncd", "chrony", "chronyd", "ntpsec", "ntp", "ntpd", "openntpd")


def check_clock(case: Case) -> Iterator[Finding]:
    """Look whether NTP runs, and has set the clock."""
    told = case.machine.command("systemctl", "is-active", *SERVICES)
    kept = not case.unit.systemd or "active" in told.output.splitlines()
    trusted = case.clock.now().trusted
    if not kept:
        what = "no time service runs, so the clock drifts"
        if not trusted:
            what = "no time service runs, and nothing has set the clock since the start"
        remedy = (
            "`sudo timedatectl set-ntp true`, after `sudo apt install systemd-timesyncd` where"
            " that says there is none"
        )
        yield problem("clock-no-ntp", "time", what, remedy)
    elif not trusted:
        what = "not synchronised: events wait for their true time until it is"
        remedy = (
            "`timedatectl timesync-status` shows the server; where the network blocks it, write"
            " `NTP=your.server` below [Time] in /etc/systemd/timesyncd.conf, then"
            " `sudo systemctl restart systemd-timesyncd`"
        )
        yield warning("clock-not-set", "time", what, remedy)


THEME = Theme("clock", (check_clock,))

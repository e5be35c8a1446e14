"""The service's state as text."""

import signal
from datetime import datetime

from edge_agent.service.state import ServiceState

RESULTS = {
    "watchdog": "a thread stopped responding, and the watchdog ended it",
    "oom-kill": "it needed more memory than MemoryMax in its unit allows, or the machine has",
    "timeout": "it took too long to start or to stop",
    "protocol": "it ended before it was ready",
    "start-limit-hit": "it was restarted too often",
    "resources": "systemd could not set up what its unit requires",
}
CODES = {
    1: "an unexpected error occurred",
    2: "the configuration has errors, which `sudo edge-agent check` shows",
    3: "hardware that the configuration names is missing",
    4: "the event log cannot be used",
    200: "its directory /run/edge-agent is missing",
    203: "its program cannot be run; run `edge-agent service install` again",
    217: "its user is missing; run `edge-agent service install` again",
    226: "systemd could not set up its sandbox",
    243: "systemd could not load its credentials",
}


def headline(state: ServiceState) -> str:
    """Return what state the service is in, and why."""
    if state.load == "masked":
        return "masked; `sudo systemctl unmask edge-agent` lets it start"
    if state.load == "not-found":
        return "not installed; install it with `sudo edge-agent service install`"
    if not state.load:
        return "installed, but systemd does not run here"
    if state.restarting:
        return f"restarting for the {ordinal(state.restarts + 1)} time, because {reason(state)}"
    if state.active == "failed":
        return f"failed, because {reason(state)}"
    return _stable(state)


def _stable(state: ServiceState) -> str:
    if state.active == "inactive":
        return "stopped; starts at boot" if state.enabled else "stopped; does not start at boot"
    words = {"activating": "starting", "deactivating": "stopping"}
    since = f" since {moment(state.since)}" if state.since else ""
    return words.get(state.active, f"running{since}")


def reason(state: ServiceState) -> str:
    """Return why the service ended."""
    if state.result in RESULTS:
        return RESULTS[state.result]
    if state.killed:
        return f"{signal_name(state.exit_status)} ended it"
    return CODES.get(state.exit_status, f"it ended with exit code {state.exit_status}")


def signal_name(number: int) -> str:
    """Return a signal's name, as in SIGKILL."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def moment(seconds: int) -> str:
    """Return a time, in seconds since 1970, in the machine's time zone."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th and so on."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else endings.get(number % 10, 'th')}"

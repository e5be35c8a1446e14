"""What a command is refused for before it has any effect: it has expired, or is not possible."""

from edge_agent.clock import Moment
from edge_agent.errors import CommandError
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.command import Calibrate, Command


def refuse_expired(command: Command, now: Moment) -> None:
    """Raise CommandError for a command that has expired, or may have."""
    expires = command.expires
    if expires is None:
        return
    if expires.tzinfo is None:
        raise CommandError("expires has no time zone; write it as 2026-01-31T12:00:00Z")
    if not now.trusted:
        raise CommandError(
            "the clock is not set: it cannot be known whether the command has expired"
        )
    if expires.timestamp() * 1e6 <= now.time:
        raise CommandError("the command has expired")


def refuse_impossible(command: Command, bounds: Bounds) -> None:
    """Raise CommandError for a calibration that the device's chip does not have."""
    if isinstance(command, Calibrate):
        _refuse_calibration(command, bounds)


def _refuse_calibration(command: Calibrate, bounds: Bounds) -> None:
    devices = bounds.calibrations
    if command.device not in devices:
        known = ", ".join(devices) or "none"
        raise CommandError(f"no device {command.device[:64]!r}; known: {known}")
    span = devices[command.device]
    if span is None:
        can = ", ".join(name for name, one in devices.items() if one is not None) or "none"
        raise CommandError(f"{command.device} cannot be calibrated by a command; can be: {can}")
    low, high = span
    if not low <= command.value <= high:
        wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        raise CommandError(f"{command.device}: {command.value:g} is not possible; wanted: {wanted}")

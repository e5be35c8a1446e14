"""`edge-agent calibrate`: correct a channel by known points, or a chip by what its air has."""

from pathlib import Path
from typing import Protocol

import click

from drivers.base.driver import Driver, run
from drivers.base.errors import DriverError
from drivers.base.members import Calibrating
from edge_agent.blueprint import resolve
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.commands.config_choice import simulation_argument
from edge_agent.commands.options import set_option, simulate_option
from edge_agent.commands.read import connected, find, hardware_of
from edge_agent.errors import ConfigError, HardwareError


@click.command()
@click.argument("device")
@click.argument("subject", metavar="CHANNEL|VALUE")
@simulation_argument
@click.option(
    "--point",
    "points",
    multiple=True,
    metavar="SHOWN=TRUE",
    help="What CHANNEL shows, and what is true, in its unit. Twice; once changes only the offset.",
)
@set_option
@simulate_option
def calibrate(  # noqa: PLR0917 - the options of the command line
    device: str,
    subject: str,
    config: Path,
    points: tuple[str, ...],
    overrides: tuple[str, ...],
    simulate: bool,
) -> int:
    """Correct CHANNEL of DEVICE by two known points, such as ice water and a good thermometer.

    Without --point, ask for the references and measure in each. The scale and offset are written
    into CONFIG, which keeps its comments.

    With a VALUE, such as 420 for the ppm of fresh air, calibrate the CO2 sensor itself. Leave it in
    air of which you know the value: it is measured for some minutes first.

    Stop the agent before it measures: two programs that use the same chip disturb each other.
    """
    blueprint = resolve(config, overrides)
    resolved = find(device, blueprint, config)
    calibration = _calibration(resolved, subject, config, overrides)
    if points:
        return calibration.by_points(points)
    hardware = hardware_of(blueprint, config, simulate=simulate)
    try:
        return calibration.by_driver(connected(resolved, blueprint, hardware))
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
    finally:
        hardware.close()


class CalibratedPart(Protocol):
    """What is calibrated: a channel in the configuration, or a chip."""

    def by_points(self, given: tuple[str, ...]) -> int:
        """Calibrate by what the command line gives; return the exit code."""
        ...

    def by_driver(self, driver: Driver) -> int:
        """Calibrate by what a connected driver measures; return the exit code."""
        ...


def _calibration(
    resolved: ResolvedDevice, subject: str, config: Path, overrides: tuple[str, ...]
) -> CalibratedPart:
    try:
        value = float(subject)
    except ValueError:
        from edge_agent.commands.calibrate_channel import ChannelCalibration  # noqa: PLC0415

        return ChannelCalibration(resolved, subject, config, overrides)
    return ChipCalibration(resolved, value)


class ChipCalibration:
    """A CO2 sensor, which takes its air for a value."""

    def __init__(self, device: ResolvedDevice, value: float) -> None:
        self._device = device
        self._value = value

    def by_points(self, given: tuple[str, ...]) -> int:
        """Raise UsageError: a chip is not corrected in the configuration."""
        del given
        raise click.UsageError("--point corrects a channel: name one in place of the value")

    def by_driver(self, driver: Driver) -> int:
        """Wait until the chip has taken the value, and print its correction."""
        if not isinstance(driver, Calibrating):
            what = f"the chip of {self._device.settings.driver} does not calibrate itself"
            remedy = "only CO2 sensors do; name a channel in place of the value to correct it"
            raise ConfigError((f"device {self._device.name!r}: {what}; {remedy}",))
        low, high = driver.calibrates
        if not low <= self._value <= high:
            wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            raise ConfigError((f"{self._value:g}: wanted {wanted}",))
        correction = run(driver.calibrate(self._value))
        click.echo(f"{self._device.name}: corrected by {correction:+g}")
        return 0

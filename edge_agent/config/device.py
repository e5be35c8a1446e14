"""Sensors: the driver, where the chip is connected, and the calibration of its channels."""

from typing import Annotated, Any

from msgspec import Meta, field

from edge_agent.config.settings import Name, Settings
from edge_agent.keys import within
from edge_agent.units import Duration


class ChannelSettings(Settings, frozen=True, kw_only=True):
    """`[device.channel.<channel>]`: how one channel's measured values are corrected and checked."""

    offset: Annotated[float, Meta(description="added after scaling, in the channel's unit")] = 0.0
    scale: Annotated[float, Meta(description="factor applied to the measured value")] = 1.0
    polynomial: Annotated[
        tuple[float, ...],
        Meta(description="coefficients c0, c1, c2, …; replaces scale and offset"),
    ] = ()
    low: Annotated[
        float | None,
        Meta(
            description="lowest plausible value; default: the datasheet's,"
            " or none if scale or polynomial convert the value"
        ),
    ] = None
    high: Annotated[
        float | None,
        Meta(
            description="highest plausible value; default: the datasheet's,"
            " or none if scale or polynomial convert the value"
        ),
    ] = None
    max_step: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="largest plausible change per second, above 0"),
    ] = None
    decimals: Annotated[
        Annotated[int, Meta(ge=0, le=9)] | None,
        Meta(
            description="digits after the point, 0 to 9; default: as many as the chip resolves,"
            " after scaling"
        ),
    ] = None
    median: Annotated[
        int, Meta(ge=1, le=99, description="take the median of so many values, 1 to 99")
    ] = 1
    dead_band: Annotated[
        float, Meta(ge=0, description="log a value only if it changed by this much; 0 logs all")
    ] = 0.0


class DeviceSettings(Settings, frozen=True, kw_only=True):
    """`[[device]]`: a sensor. Any other key is an option of its driver."""

    name: Name
    driver: Annotated[str, Meta(description="a name from `edge-agent drivers`")]
    every: Annotated[
        Duration,
        Meta(
            description='time between two measurements: "50ms" to "1d"', extra=within(0.05, 86400)
        ),
    ] = Duration(10)
    bus: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(description="I2C or SPI bus number; default: 1 or 0, as on a Pi's header"),
    ] = None
    address: Annotated[
        Annotated[int, Meta(ge=0x03, le=0x77)] | None,
        Meta(description="I2C address, 0x03 to 0x77; default: the chip's first"),
    ] = None
    pin: Annotated[
        Annotated[int, Meta(ge=0, le=63)] | None, Meta(description="GPIO number (BCM), 0 to 63")
    ] = None
    select: Annotated[
        Annotated[int, Meta(ge=0, le=9)] | None,
        Meta(description="SPI chip select, 0 to 9; default: 0"),
    ] = None
    path: Annotated[
        str,
        Meta(
            description='serial line; default: "/dev/serial0", the header\'s;'
            ' for Modbus TCP "tcp://host:port"'
        ),
    ] = ""
    unit: Annotated[
        Annotated[int, Meta(ge=1, le=255)] | None,
        Meta(description="number of a unit on Modbus, 1 to 255; default: 1"),
    ] = None
    id: Annotated[
        str, Meta(description='1-Wire id such as "28-0316a4c8ffee"; see `edge-agent scan`')
    ] = ""
    heartbeat: Annotated[
        Duration,
        Meta(
            description='longest time between logged readings, changed or not; at least "1s"',
            extra=within(1),
        ),
    ] = Duration(300)
    channel: dict[str, ChannelSettings] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

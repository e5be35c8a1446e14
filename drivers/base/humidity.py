"""One rule for the humidity that a formula gives: a little beyond its ends it is cropped."""

from drivers.base.errors import OutOfRange

DRIEST, WETTEST = -5.0, 110.0  # %: accuracy, drift and dew go as far, a broken element farther


def cropped(percent: float, where: str, correction: float = 0.0) -> float | OutOfRange:
    """Return 0 to 100 %, corrected, or `OutOfRange` if that would hide a broken element."""
    if DRIEST <= percent <= WETTEST:
        return min(max(percent + correction, 0.0), 100.0)
    return OutOfRange(
        where,
        f"humidity is {percent:.4g}, the chip measures 0 to 100 %",
        "its element is broken: replace the chip",
    )


def of_kernel(percent: float, where: str) -> float | OutOfRange:
    """Return what `cropped` does; 0 is no humidity: some of the kernel's drivers crop, too."""
    if percent == 0:
        what = "humidity is 0: nothing was measured, or the driver cropped it"
        return OutOfRange(where, what, "is its element broken?")
    return cropped(percent, where)

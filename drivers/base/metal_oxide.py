"""The heated metal oxide of a BME680 and BME688: its heater, and what a code is in Ω."""

# Table 16: what a range adds, in %
FIRST = (0, 0, 0, 0, 0, -1, 0, -0.8, 0, 0, -0.2, -0.5, 0, -1, 0, 0)
SECOND = (0, 0, 0, 0, 0.1, 0.7, 0, -0.8, -0.1, 0, 0, 0, 0, 0, 0, 0)


def refuse_heater(celsius: int, milliseconds: int) -> None:
    """Raise ValueError if the heater would be beyond its limits."""
    if not 200 <= celsius <= 400:
        raise ValueError(f"heater_temperature is {celsius}: wanted 200 to 400 °C")
    if not 20 <= milliseconds <= 1000:
        raise ValueError(f"heater_ms is {milliseconds}: wanted 20 to 1000 ms")


def gas_wait(milliseconds: int) -> int:
    """Return gas_wait_0: six bits, and a factor of 1, 4, 16 or 64 (§5.3.3.3: 100 ms → 59h)."""
    factor = next(n for n in range(4) if milliseconds >> 2 * n < 64)
    return factor << 6 | milliseconds >> 2 * factor


def resistance_low(code: int, span: int, switching_error: int) -> float:
    """Return Ω of a BME680 (§3.4.1)."""
    first = (1340 + 5 * switching_error) * (1 + FIRST[span] / 100)
    second = 1 + SECOND[span] / 100
    return 1 / (second * 0.000000125 * (1 << span) * ((code - 512) / first + 1))


def resistance_high(code: int, span: int) -> float:
    """Return Ω of a BME688 (BST-BME688-DS000, §3.4.1)."""
    return 1_000_000 * (262144 >> span) / (4096 + 3 * (code - 512))

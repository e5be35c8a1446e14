"""What a code of a metal oxide is in Ω, by the range of its converter: BME680 and BME688."""

# Table 16: what a range adds, in %
FIRST = (0, 0, 0, 0, 0, -1, 0, -0.8, 0, 0, -0.2, -0.5, 0, -1, 0, 0)
SECOND = (0, 0, 0, 0, 0.1, 0.7, 0, -0.8, -0.1, 0, 0, 0, 0, 0, 0, 0)


def resistance_low(code: int, span: int, switching_error: int) -> float:
    """Return Ω of a BME680 (§3.4.1)."""
    first = (1340 + 5 * switching_error) * (1 + FIRST[span] / 100)
    second = 1 + SECOND[span] / 100
    return 1 / (second * 0.000000125 * (1 << span) * ((code - 512) / first + 1))


def resistance_high(code: int, span: int) -> float:
    """Return Ω of a BME688 (BST-BME688-DS000, §3.4.1)."""
    return 1_000_000 * (262144 >> span) / (4096 + 3 * (code - 512))

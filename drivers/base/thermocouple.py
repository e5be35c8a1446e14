"""Thermocouples after ITS-90: the temperature of a voltage, by NIST's inverse polynomials.

NIST Standard Reference Database 60 (Monograph 175), whose coefficients are public domain. Within
the ranges they are within 0.06 °C of the reference functions.
"""

from typing import Literal, NamedTuple, TypeAlias

ThermocoupleType: TypeAlias = Literal["K", "J", "N", "T", "E", "S", "R"]


class Piece(NamedTuple):
    """A polynomial of the voltage in mV, up to and including `high`."""

    high: float
    coefficients: tuple[float, ...]


class Curve(NamedTuple):
    """A type's range in °C, its lowest voltage in mV, and the pieces from there on."""

    low: float
    high: float
    lowest: float
    pieces: tuple[Piece, ...]


FINE = 1e-6  # mV

# fmt: off
CURVES: dict[ThermocoupleType, Curve] = {
    "K": Curve(-200, 1372, -5.891, (
        Piece(0, (
            0.0, 25.173462, -1.1662878, -1.0833638, -0.8977354, -0.37342377, -0.086632643,
            -0.010450598, -0.00051920577,
        )),
        Piece(20.644, (
            0.0, 25.08355, 0.07860106, -0.2503131, 0.0831527, -0.01228034, 0.0009804036,
            -4.41303e-05, 1.057734e-06, -1.052755e-08,
        )),
        Piece(54.886, (
            -131.8058, 48.30222, -1.646031, 0.05464731, -0.0009650715, 8.802193e-06,
            -3.11081e-08,
        )),
    )),
    "J": Curve(-210, 1200, -8.095, (
        Piece(0, (
            0.0, 19.528268, -1.2286185, -1.0752178, -0.59086933, -0.17256713, -0.028131513,
            -0.002396337, -8.3823321e-05,
        )),
        Piece(42.919, (
            0.0, 19.78425, -0.2001204, 0.01036969, -0.0002549687, 3.585153e-06, -5.344285e-08,
            5.09989e-10,
        )),
        Piece(69.553, (
            -3113.58187, 300.543684, -9.9477323, 0.17027663, -0.00143033468, 4.73886084e-06,
        )),
    )),
    "N": Curve(-200, 1300, -3.99, (
        Piece(0, (
            0.0, 38.436847, 1.1010485, 5.2229312, 7.2060525, 5.8488586, 2.7754916, 0.77075166,
            0.11582665, 0.0073138868,
        )),
        Piece(20.613, (
            0.0, 38.6896, -1.08267, 0.0470205, -2.12169e-06, -0.000117272, 5.3928e-06,
            -7.98156e-08,
        )),
        Piece(47.513, (
            19.72485, 33.00943, -0.3915159, 0.009855391, -0.0001274371, 7.767022e-07,
        )),
    )),
    "T": Curve(-200, 400, -5.603, (
        Piece(0, (
            0.0, 25.949192, -0.21316967, 0.79018692, 0.42527777, 0.13304473, 0.020241446,
            0.0012668171,
        )),
        Piece(20.872, (
            0.0, 25.928, -0.7602961, 0.04637791, -0.002165394, 6.048144e-05, -7.293422e-07,
        )),
    )),
    "E": Curve(-200, 1000, -8.825, (
        Piece(0, (
            0.0, 16.977288, -0.4351497, -0.15859697, -0.092502871, -0.026084314, -0.0041360199,
            -0.0003403403, -1.156489e-05,
        )),
        Piece(76.373, (
            0.0, 17.057035, -0.23301759, 0.0065435585, -7.3562749e-05, -1.7896001e-06,
            8.4036165e-08, -1.3735879e-09, 1.0629823e-11, -3.2447087e-14,
        )),
    )),
    "S": Curve(-50, 1768.1, -0.235, (
        Piece(1.874, (
            0.0, 184.94946, -80.0504062, 102.23743, -152.248592, 188.821343, -159.085941,
            82.302788, -23.4181944, 2.7978626,
        )),
        Piece(11.95, (
            12.91507177, 146.6298863, -15.34713402, 3.145945973, -0.4163257839, 0.03187963771,
            -0.0012916375, 2.183475087e-05, -1.447379511e-07, 8.211272125e-09,
        )),
        Piece(17.536, (
            -80.87801117, 162.1573104, -8.536869453, 0.4719686976, -0.01441693666,
            0.000208161889,
        )),
        Piece(18.693, (
            53338.75126, -12358.92298, 1092.657613, -42.65693686, 0.624720542,
        )),
    )),
    "R": Curve(-50, 1768.1, -0.226, (
        Piece(1.923, (
            0.0, 188.9138, -93.83529, 130.68619, -227.0358, 351.45659, -389.539, 282.39471,
            -126.07281, 31.353611, -3.3187769,
        )),
        Piece(13.228, (
            13.34584505, 147.2644573, -18.44024844, 4.031129726, -0.624942836, 0.06468412046,
            -0.004458750426, 0.0001994710149, -5.31340179e-06, 6.481976217e-08,
        )),
        Piece(19.739, (
            -81.99599416, 155.3962042, -8.342197663, 0.4279433549, -0.0119157791,
            0.0001492290091,
        )),
        Piece(21.103, (
            34061.77836, -7023.729171, 558.2903813, -19.52394635, 0.2560740231,
        )),
    )),
}
# fmt: on


def celsius(kind: ThermocoupleType, millivolts: float) -> float | None:
    """Return °C of the hot end against a cold one of 0 °C; None if it is beyond the type's range.

    Examples of the reference tables, type K: -4.913 is -150 °C, 4.096 is 100 °C, 48.838 is 1200 °C.
    """
    curve = CURVES[kind]
    if millivolts < curve.lowest:
        return None
    piece = next((each for each in curve.pieces if millivolts <= each.high), None)
    return polynomial(piece.coefficients, millivolts) if piece else None


def millivolts(kind: ThermocoupleType, degrees: float) -> float:
    """Return the voltage of a temperature within the type's range, by bisection."""
    low, high = CURVES[kind].lowest, CURVES[kind].pieces[-1].high
    while high - low > FINE:
        middle = (low + high) / 2
        found = celsius(kind, middle)
        low, high = (middle, high) if found is not None and found < degrees else (low, middle)
    return low


def polynomial(coefficients: tuple[float, ...], x: float) -> float:
    """Return the sum of each coefficient times a power of x, from the 0th on."""
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total

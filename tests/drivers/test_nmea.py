import random
from datetime import UTC, datetime

import pynmea2
import pytest

from drivers.base.driver import parted, read, run
from drivers.base.errors import BadChecksum, DriverError, NotReady
from drivers.base.members import KnownTime
from drivers.base.nmea import LONGEST, Lines, sentence, utc
from drivers.base.serial import SerialPort
from drivers.nmea import CHANNELS, NMEA, fix
from edge_agent.testing import SensorContract
from simulators import nmea
from simulators.nmea import framed
from simulators.serial import SimulatedLine
from tests.drivers.conftest import assert_near, expose

ALL = tuple(CHANNELS)
ROUNDS = 200


class TestContract(SensorContract):
    driver = NMEA
    model = nmea.NMEA
    place = {"id": "/dev/ttyAMA0"}
    options = {"measure": ALL}
    patience = NMEA.deadline


# u-blox 6 protocol specification, the examples of 20.4, 20.7, 20.10 and 20.12, at one time of day
RMC = "GPRMC,092725.00,A,4717.11399,N,00833.91590,E,0.004,77.52,091202,,,A"
GGA = "GPGGA,092725.00,4717.11399,N,00833.91590,E,1,8,1.01,499.6,M,48.0,M,,0"
GSA = "GPGSA,A,3,23,29,07,08,09,18,26,28,,,,,1.94,1.18,1.54"
VTG = "GPVTG,77.52,T,,M,0.004,N,0.008,K,A"
PLACE = {
    "latitude": 47.2852332,
    "longitude": 8.5652650,
    "altitude": 499.6,
    "speed": 0.007408,
    "course": 77.52,
    "satellites": 8,
    "hdop": 1.01,
}


def group(*bodies):
    found = [sentence(framed(body).removesuffix(b"\n")) for body in bodies]
    return {one.kind: one for one in found}


def fixed(*bodies):
    return parted(fix(group(*bodies), "car"))


@pytest.mark.parametrize(
    "line",
    [
        b"$GPRMC,083559.00,A,4717.11437,N,00833.91522,E,0.004,77.52,091202,,,A*57\r",
        b"$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,8,1.01,499.6,M,48.0,M,,0*5B\r",
        b"$GPGSA,A,3,23,29,07,08,09,18,26,28,,,,,1.94,1.18,1.54*0D\r",
        b"$GPVTG,77.52,T,,M,0.004,N,0.008,K,A*06",
        b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A",
        b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
    ],
)
def test_published_sentences_have_the_right_checksum_and_every_flipped_bit_is_noticed(line):
    assert sentence(line).fields[0] == line.decode().split(",")[1]
    for bit in range(8 * len(line.rstrip())):
        damaged = (int.from_bytes(line, "little") ^ 1 << bit).to_bytes(len(line), "little")
        assert sentence(damaged) in {None, sentence(line)}  # a letter of the checksum's, small


def test_the_sentences_of_the_specification_are_its_place():
    values, refused = fixed(RMC, GGA, GSA, VTG)
    assert values == pytest.approx(PLACE)
    assert not refused


@pytest.mark.parametrize("talker", ["GN", "GL", "GA", "BD", "QZ"])
def test_receivers_of_other_systems_are_understood(talker):
    assert (
        fixed(*(talker + body[2:] for body in (RMC, GGA, GSA, VTG))).values
        == fixed(RMC, GGA, GSA, VTG).values
    )


def test_south_and_west_are_negative():
    bodies = [body.replace(",N,00833", ",S,00833").replace(",E,", ",W,") for body in (RMC, GGA)]
    values, _ = fixed(*bodies)
    assert values["latitude"] == pytest.approx(-PLACE["latitude"])
    assert values["longitude"] == pytest.approx(-PLACE["longitude"])


NO_FIX = [
    (RMC.replace(",A,4717", ",V,4717"), GGA, GSA),
    (RMC, GGA.replace(",E,1,", ",E,0,"), GSA),
    (RMC, GGA, GSA.replace("A,3", "A,1")),
    (RMC.removesuffix("A") + "E", GGA, GSA),  # estimated
    (RMC, GGA.replace(",E,1,", ",E,6,"), GSA),
    (RMC, GGA.replace(",E,1,", ",E,8,"), GSA),  # simulated
    ("GPRMC,092725.00,V,,,,,,,091202,,,N", "GPGGA,092725.00,,,,,0,00,99.99,,,,,,", GSA),
]


@pytest.mark.parametrize("bodies", NO_FIX)
def test_without_a_fix_there_is_no_value_even_if_a_position_is_sent(bodies):
    with pytest.raises(NotReady, match=r"car: it has no fix .*sky"):
        fixed(*bodies)


@pytest.mark.parametrize("gsa", [(), (GSA.replace("A,3", "A,2"),)])
def test_an_altitude_needs_a_fix_of_three_dimensions(gsa):
    values, refused = fixed(RMC, GGA, *gsa)
    assert refused.keys() == {"altitude"}
    assert values["latitude"] == pytest.approx(PLACE["latitude"])


def test_at_rest_there_is_no_course():
    values, refused = fixed(RMC.replace("77.52", ""), GGA, GSA)
    assert refused.keys() == {"course"}
    assert values["speed"] < 0.01


@pytest.mark.parametrize(
    "bodies",
    [
        (RMC, GGA.replace("4717.11399", "4717.11799"), GSA),
        (RMC, GGA.replace("00833.91590", "00933.91590"), GSA),
        (RMC, GGA, GSA, VTG.replace("0.008", "9.008")),
        (RMC, GGA.replace("4717.", "4760."), GSA),
        (RMC, GGA.replace("499.6", "4e2"), GSA),
        (RMC, GGA.replace(",8,1.01", ",,1.01"), GSA),
        (RMC.replace("0.004", "nan"), GGA, GSA),
        (RMC.replace(",N,", ",X,"), GGA, GSA),
    ],
)
def test_sentences_that_differ_or_make_no_sense_have_no_value(bodies):
    with pytest.raises(BadChecksum, match="check the cable"):
        fixed(*bodies)


def test_random_sentences_give_a_value_or_an_error_that_says_why():
    chance = random.Random(7)
    parts = ["", "A", "N", "W", "1", "3", "4717.11399", "00833.91590", "-5", "1e9", "9" * 40, "é"]
    for _ in range(2000):
        bodies = [
            f"GP{kind}," + ",".join(chance.choices(parts, k=chance.randrange(1, 15)))
            for kind in ("RMC", "GGA", "GSA", "VTG")
        ]
        found = filter(None, (sentence(framed(body)[:-2]) for body in bodies))
        kinds = {one.kind: one for one in found}
        if {"RMC", "GGA"} <= kinds.keys():
            try:
                fix(kinds, "car")
            except DriverError:
                continue


def test_pynmea2_reads_what_we_read_and_what_is(clock):
    for seed in range(ROUNDS):
        model = nmea.NMEA(clock)
        truth = expose(model, seed)
        spoken = model.group(100, model.values)
        theirs = {
            one.sentence_type: one
            for one in (pynmea2.parse(line, check=True) for line in spoken.decode().split())
        }
        gga, rmc = theirs["GGA"], theirs["RMC"]
        witnessed = {
            "latitude": gga.latitude,
            "longitude": gga.longitude,
            "altitude": gga.altitude,
            "speed": rmc.spd_over_grnd * 1.852,
            "course": rmc.true_course,
            "satellites": int(gga.num_sats),
            "hdop": float(gga.horizontal_dil),
        }
        ours = fixed(*(line[1:-3] for line in spoken.decode().split() if "GLL" not in line)).values
        assert ours == pytest.approx(witnessed, abs=1e-9)
        assert_near(witnessed, truth, model)


def test_a_line_without_an_end_is_kept_up_to_a_bound():
    lines = Lines()
    for _ in range(1000):
        assert lines.take(b"$GPGGA,1234567") == []
    assert len(lines._rest) == LONGEST
    assert [sentence(line) for line in lines.take(b"\r\n")] == [None]
    assert sentence(*lines.take(framed(GGA))).kind == "GGA"


class Said:
    """A line on which something new has arrived at each look, the last of it for ever."""

    baudrate = 9600
    in_waiting = 4095

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size):
        return self.pieces.pop(0) if len(self.pieces) > 1 else self.pieces[0]


def spoken(time, *bodies):
    return b"".join(framed(body.replace("092725.00", time)) for body in bodies)


def measured(*pieces):
    return run(NMEA(SerialPort(Said(b"", *pieces), "car")).measure(), lambda _: None)


def test_a_group_that_has_begun_before_is_left_out():
    first, second = spoken("000001.00", RMC, GGA), spoken("000002.00", RMC, GGA, GSA)
    halves = first[20:], b"", second[:100], second[100:], b""
    assert measured(*halves)["latitude"] == pytest.approx(PLACE["latitude"])


def test_the_rest_of_a_group_is_left_out_although_it_has_a_position():
    rest, second = spoken("000001.00", RMC, GGA), spoken("000002.00", GSA, RMC, GGA)
    assert measured(rest, b"", second, b"")["altitude"] == 499.6


def test_groups_without_a_pause_are_divided_by_their_times():
    said = b"".join(spoken(f"00000{n}.00", RMC, GSA, GGA) for n in range(4))
    assert measured(said[10:300], said[300:], b"x" * 10)["altitude"] == 499.6


@pytest.mark.parametrize(
    "piece, kind, what",
    [
        (b"", NotReady, "it sends nothing .*TX is at RX"),
        (bytes(range(128, 256)), BadChecksum, "bytes, but no GGA and RMC .*9600 baud"),
        (b"$GPGGA,,\r\n", BadChecksum, "Set `baud`"),
        (framed(GGA), BadChecksum, "no GGA and RMC of one moment"),
    ],
)
def test_a_line_without_groups_has_no_value_and_says_why(piece, kind, what):
    with pytest.raises(kind, match=what):
        measured(piece)


@pytest.fixture
def model(clock):
    return nmea.NMEA(clock)


@pytest.fixture
def car(model):
    return NMEA(SerialPort(SimulatedLine(model, []), "car"))


def test_after_hours_without_a_look_the_place_is_that_of_this_moment(car, model, clock):
    read(car, clock.sleep)
    clock.sleep(10_000)
    model.set("latitude", -33.5)
    assert run(car.measure(), clock.sleep)["latitude"] == pytest.approx(-33.5)


def test_a_fix_that_is_lost_takes_the_place_with_it_at_once(car, model, clock):
    read(car, clock.sleep)
    model.power_on()
    with pytest.raises(NotReady, match="no fix"):
        run(car.measure(), clock.sleep)


def test_a_receiver_whose_time_stands_still_gives_no_old_place(car, model, clock, monkeypatch):
    read(car, clock.sleep)
    monkeypatch.setattr(model, "group", lambda _second, _seen: spoken("000005.00", RMC, GGA, GSA))
    run(car.measure(), clock.sleep)
    for _ in range(3):
        with pytest.raises(NotReady, match=r"its time stands still \(power-cycle"):
            run(car.measure(), clock.sleep)


def test_the_line_has_the_baud_rate_of_the_option(model, clock):
    line = SimulatedLine(model, [])
    run(NMEA(SerialPort(line), baud=38400).setup(), clock.sleep)
    assert line.baudrate == 38400


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="measure: wanted one or more"):
        NMEA(SerialPort(Said(b"")), measure=())


@pytest.mark.parametrize(
    "time, date, moment",
    [
        ("092725.00", "091202", datetime(2002, 12, 9, 9, 27, 25, tzinfo=UTC)),
        ("235959.50", "311226", datetime(2026, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
        ("123519", "290228", datetime(2028, 2, 29, 12, 35, 19, tzinfo=UTC)),
        ("000000.", "060180", datetime(2080, 1, 6, tzinfo=UTC)),
    ],
)
def test_date_and_time_of_an_rmc_are_a_moment(time, date, moment):
    said = group(f"GPRMC,{time},A,,,,,,,{date},,,A")["RMC"]
    assert utc(said) == round(moment.timestamp() * 1e6)


@pytest.mark.parametrize(
    "time, date",
    [
        ("092725.00", ""),
        ("", "091202"),
        ("092725.00", "310202"),
        ("092725.00", "000000"),
        ("246000.00", "091202"),
        ("235960.00", "311216"),  # a leap second
        ("92725.00", "091202"),
        ("092725.00", "9122002"),
    ],
)
def test_without_a_moment_of_the_calendar_there_is_no_time(time, date):
    assert utc(group(f"GPRMC,{time},A,,,,,,,{date},,,A")["RMC"]) is None


def test_a_receiver_says_the_time_of_its_last_fix_and_none_without_one(car, model, clock):
    assert car.known_time() is None
    read(car, clock.sleep)
    time, age = car.known_time()
    true = nmea.EPOCH.timestamp() + clock.monotonic()
    assert time / 1e6 + age == pytest.approx(true, abs=0.11)
    model.power_on()
    with pytest.raises(NotReady, match="no fix"):
        run(car.measure(), clock.sleep)
    assert car.known_time() is None


def test_the_age_of_a_time_counts_from_the_first_sentence_of_its_group():
    said = spoken("092725.00", RMC, GGA)
    car = NMEA(SerialPort(Said(b"", b"", said[:60], said[60:90], said[90:], b""), "car"))
    run(car.measure(), lambda _: None)
    assert car.known_time() == KnownTime(utc(group(RMC)["RMC"]), pytest.approx(0.2))

from itertools import pairwise

import pytest

from drivers.base.errors import BadChecksum, BusMissing, NoAcknowledge, NotReady, OutOfRange
from edge_agent.acquire.due_device import DueDevice
from edge_agent.figures import Measured


def test_a_device_is_measured_at_once_and_then_at_whole_intervals_of_the_wall_clock(bus, chip):
    chip = chip(conversion=0.0)
    bus.clock.advance(3.2)
    bus.connect(air=(chip, 10)).run(35)
    assert chip.starts == pytest.approx([3.2, 10, 20, 30])


def test_the_intervals_of_a_device_begin_after_the_phase_of_its_node(bus, chip):
    chip = chip(conversion=0.0)
    bus.clock.advance(3.2)
    bus.connect(air=(chip, 10, 5.0, 1_500_000)).run(35)
    assert chip.starts == pytest.approx([3.2, 11.5, 21.5, 31.5])


@pytest.mark.parametrize("every", [60, 3600])
def test_no_two_measurements_are_further_apart_than_the_interval(bus, chip, every):
    chip = chip(conversion=0.0)
    bus.clock.advance(0.65 * every)  # the next whole interval begins in less than half of one
    bus.connect(air=(chip, every)).run(3 * every)
    apart = [b - a for a, b in pairwise(chip.starts)]
    assert chip.starts[0] == 0.65 * every
    assert max(apart) <= every + 1e-6


def test_a_reading_carries_the_moment_at_which_the_measurement_returned(bus, chip):
    bus.connect(air=(chip(conversion=0.5), 10)).run(1)
    (reading,) = bus.readings
    assert reading.moment.uptime == 500_000
    assert (reading.device, reading.values) == ("air", {"temperature": 21.5})
    assert reading.quality == "good"


def test_slow_chips_convert_side_by_side(bus, chip):
    bus.connect(a=(chip(conversion=0.7), 10), b=(chip(conversion=0.5), 10)).run(1)
    assert bus.moments("b") == pytest.approx([0.5])
    assert bus.moments("a") == pytest.approx([0.7])


def test_a_measurement_longer_than_its_interval_skips_slots(bus, chip):
    chip = chip(conversion=2.5)
    bus.connect(slow=(chip, 1)).run(9)
    assert chip.starts == pytest.approx([0, 3, 6])


@pytest.mark.parametrize("jump", [-86400 * 365, -3600, -10, -0.5, 0.5, 10, 3600, 86400 * 365.25])
def test_a_jump_of_the_wall_clock_neither_stalls_nor_rushes(bus, chip, jump):
    chip = chip(conversion=0.0)
    bus.connect(air=(chip, 10)).run(25)
    bus.clock.step(jump)
    bus.run(40)
    gaps = [b - a for a, b in zip(chip.starts, chip.starts[1:], strict=False)]
    assert all(4.9 < gap < 15.1 for gap in gaps)
    assert bus.readings[-1].moment.time / 1e6 % 10 == pytest.approx(0, abs=1e-3)


def test_a_sick_chip_costs_the_others_no_more_than_its_own_transaction(bus, chip):
    sick, well = chip(transaction=0.2), chip(conversion=0.0)
    sick.unplug()
    bus.connect(sick=(sick, 1), well=(well, 1)).run(120)
    assert len(bus.moments("well")) == pytest.approx(120, abs=1)
    late = [moment % 1 for moment in bus.moments("well")]
    assert max(late) <= 0.2 + 1e-6


def test_a_chip_that_asks_for_ever_shorter_waits_starves_no_other(bus, chip):
    bus.connect(hasty=(chip(conversion=0.0), 0.05), well=(chip(), 1))

    def spin():
        while True:
            yield 0

    bus.worker._cycles[0].device.driver.measure = spin
    for _ in range(20):
        bus.worker.step()
        bus.clock.advance(0.001)
    assert bus.qualities("well") == ["good"]


def test_one_disturbance_on_the_wire_is_retried_unseen(bus, chip):
    chip = chip(conversion=0.0)
    bus.connect(air=(chip, 10)).run(5)
    chip.error = BadChecksum("chip", "checksum wrong")
    bus.run(5.015)  # the slot at 10 and its first retry fail
    chip.error = None
    bus.run(1)
    assert chip.starts == pytest.approx([0, 10, 10.01, 10.02])
    assert len(chip.setups) == 1
    assert bus.qualities() == ["good", "good"]


def test_a_chip_that_lost_its_configuration_is_set_up_within_the_same_due_time(bus, chip):
    chip = chip(conversion=0.0)
    bus.connect(air=(chip, 10)).run(5)
    chip.configured = False
    bus.run(10)
    assert bus.qualities() == ["good", "good"]
    assert chip.setups == pytest.approx([0, 10.03])


def test_a_failure_that_lasts_is_one_reading_each_time_and_pauses_grow_to_a_minute(bus, chip):
    chip = chip(conversion=0.0)
    bus.connect(air=(chip, 10)).run(5)
    chip.error = NoAcknowledge("chip@i2c-1:0x44", "no answer")
    bus.run(300)
    pauses = [b - a for a, b in zip(bus.moments()[1:], bus.moments()[2:], strict=False)]
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert set(bus.qualities()[1:]) == {"no_acknowledge"}
    assert bus.readings[-1].values == {}
    assert bus.readings[-1].detail == str(chip.error)


def test_after_a_success_the_pauses_start_again_and_the_slots_are_whole_again(bus, chip):
    chip = chip(conversion=0.0)
    chip.unplug()
    bus.connect(air=(chip, 10)).run(100)
    chip.plugged = True
    bus.run(60)
    assert bus.qualities()[-4:] == ["good"] * 4
    assert bus.moments()[-3:] == pytest.approx([130, 140, 150])
    chip.unplug()
    bus.run(2)
    assert bus.moments()[-2:] == pytest.approx([160.03, 161.03])


def test_a_chip_plugged_in_later_is_set_up_and_measured_within_a_minute(bus, chip):
    chip = chip()
    chip.unplug()
    bus.connect(air=(chip, 3600)).run(1000)
    assert set(bus.qualities()) == {"no_acknowledge"}
    assert chip.starts == []
    chip.plugged = True
    bus.run(60)
    assert bus.qualities()[-1] == "good"


def test_a_chip_pulled_and_put_back_comes_back_set_up(bus, chip):
    chip = chip()
    bus.connect(air=(chip, 1)).run(3.5)
    chip.unplug()
    bus.run(10)
    chip.plugged = True
    bus.run(20)
    assert bus.qualities()[-1] == "good"
    assert chip.configured


@pytest.mark.parametrize(
    "error, quality",
    [
        (BusMissing("w1", "no such device"), "bus_missing"),
        (OutOfRange("chip", "130 °C"), "out_of_range"),
        (ZeroDivisionError("float division by zero"), "driver_error"),
        (StopIteration(21.5), "driver_error"),
    ],
)
def test_each_error_becomes_the_quality_of_a_reading_without_values(bus, chip, error, quality):
    chip, other = chip(), chip()
    chip.error = error
    bus.connect(air=(chip, 10), other=(other, 10)).run(0.5)
    assert bus.qualities("air") == [quality]
    assert bus.readings[-1].values == {}
    assert bus.qualities("other") == ["good"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_never_passes(bus, chip, value):
    chip = chip()
    chip.values = {"humidity": 40.0, "temperature": value}
    bus.connect(air=(chip, 10)).run(0.5)
    (reading,) = bus.readings
    assert (reading.values, reading.refused) == (
        {"humidity": 40.0},
        {"temperature": "out_of_range"},
    )
    assert f"temperature is {value}" in reading.detail


def test_a_channel_without_a_value_has_a_reason_and_the_others_their_values(bus, chip):
    chip = chip()
    gas = NotReady("air@i2c-1:0x77", "its heater is cold")
    chip.values = {"humidity": 40.0, "gas": gas, "voc": gas}
    bus.connect(air=(chip, 10)).run(0.5)
    (reading,) = bus.readings
    assert (reading.quality, reading.values) == ("good", {"humidity": 40.0})
    assert reading.refused == {"gas": "not_ready", "voc": "not_ready"}
    assert reading.detail == str(gas)


def test_a_measurement_of_which_no_channel_has_a_value_has_failed(bus, chip):
    chip = chip()
    chip.values = {"humidity": NotReady("air", "cold"), "gas": OutOfRange("air", "too much")}
    bus.connect(air=(chip, 10)).run(0.5)
    assert bus.qualities() == ["not_ready"]


def test_a_channel_that_loses_its_value_is_logged_once_and_once_more_if_it_is_back(
    bus, chip, caplog
):
    chip = chip()
    chip.values = {"humidity": 40.0, "gas": NotReady("air", "its heater is cold")}
    bus.connect(air=(chip, 1)).run(3.5)
    chip.values = {"humidity": 40.0, "gas": 9000.0}
    bus.run(2)
    assert [record.getMessage() for record in caplog.records] == [
        "air: no gas: air: its heater is cold",
        "air: gas again",
    ]


@pytest.mark.parametrize(
    "measure",
    [
        lambda: {"temperature": 21.5},
        lambda: 21.5,
        lambda: None,
        lambda: iter([None]),
        lambda: (_ for _ in [0.001]),
        lambda: 1 / 0,
    ],
)
def test_a_driver_that_breaks_the_protocol_is_named_and_the_bus_continues(bus, chip, measure):
    bad, well = chip(), chip()
    bad.measure = measure
    bus.connect(bad=(bad, 10), well=(well, 1)).run(3.5)
    assert set(bus.qualities("bad")) == {"driver_error"}
    assert "driver Chip has a bug" in next(r.detail for r in bus.readings if r.device == "bad")
    assert bus.qualities("well") == ["good"] * 4


@pytest.mark.parametrize("seconds, quality", [(4.9, "good"), (5.1, "not_ready")])
def test_an_attempt_has_five_seconds(bus, chip, seconds, quality):
    device = DueDevice.of("air", chip(conversion=seconds), 60)
    bus.connect(air=(device.driver, device.every, device.deadline)).run(40)
    assert bus.qualities()[0] == quality


def test_a_chip_that_warms_up_for_long_has_the_time_that_it_asks_for(bus, chip):
    slow = chip(conversion=60)
    slow.deadline = 65.0
    device = DueDevice.of("air", slow, 60)
    bus.connect(air=(device.driver, device.every, device.deadline)).run(61)
    assert bus.qualities() == ["good"]


@pytest.mark.parametrize("wait", [0.001, 0.3, 1e9, float("inf")])
def test_a_measurement_past_its_deadline_is_closed_and_not_ready(bus, chip, wait):
    chip = chip()
    closed = []

    def measure():
        try:
            while True:
                yield wait
        finally:
            closed.append(bus.clock.monotonic())

    chip.measure = measure
    bus.connect(air=(chip, 60, 0.5)).run(2.5)
    assert set(bus.qualities()) == {"not_ready"}
    assert "not done within 0.5 s" in bus.readings[0].detail
    assert len(closed) >= 4
    assert bus.moments()[0] <= 4 * 0.5 + 3 * 0.01


def test_a_chip_served_late_because_of_another_is_not_punished_for_it(bus, chip):
    blocking = chip(transaction=3.0)
    bus.connect(air=(chip(conversion=0.5), 60, 1.0), blocking=(blocking, 60)).run(10)
    assert bus.qualities("air") == ["good"]


def test_news_make_a_device_due_now_and_leave_its_slots_where_they_are(bus, button):
    bus.connect(door=(button, 30)).run(12)
    button.wake()
    bus.run(30)
    assert bus.moments() == pytest.approx([0, 10, 12, 40])


def test_news_during_a_measurement_are_measured_after_it(bus, button):
    button.conversion = 0.5
    bus.connect(door=(button, 30)).run(0.2)
    button.wake()
    bus.run(5)
    assert button.starts == pytest.approx([0, 0.5])


def test_news_end_a_pause_after_failures(bus, button):
    bus.connect(door=(button, 30)).run(1)
    button.error = NoAcknowledge("pin", "no answer")
    bus.run(100)
    button.error = None
    button.wake()
    bus.run(0.1)
    assert bus.qualities()[-1] == "good"


def test_a_failure_is_logged_once_and_so_is_its_end(bus, chip, caplog):
    chip = chip()
    chip.unplug()
    bus.connect(air=(chip, 1)).run(100)
    chip.plugged = True
    bus.run(60)
    failed, measured = (record.message for record in caplog.records)
    assert failed.startswith("air: chip: no answer (check wiring")
    assert measured == "air: recovered after 10 failures"


def test_a_day_passes_in_seconds_and_misses_no_slot(bus, chip):
    devices = {f"air{n}": (chip(), 60) for n in range(5)}
    bus.connect(**devices).run(86400)
    for name in devices:
        assert len(bus.moments(name)) == 1440 + 1
    assert set(bus.qualities()) == {"good"}


def test_each_attempt_is_reported_with_its_time_and_what_prevented_a_reading(bus, chip):
    chip = chip(conversion=0.5)
    bus.connect(air=(chip, 10)).run(1)
    chip.error = BadChecksum("chip", "checksum")
    bus.run(9.005)
    assert bus.figures[0] == Measured("air", 0.5, 0.0)
    failed = bus.figures[1]
    assert (failed.device, failed.error) == ("air", BadChecksum.quality)
    assert bus.qualities() == ["good"], "the attempt is repeated before it is a reading"


def test_an_attempt_is_late_by_the_time_that_another_device_held_the_bus(bus, chip):
    slow, other = chip(conversion=0.0, transaction=0.2), chip(conversion=0.0)
    bus.connect(slow=(slow, 10), other=(other, 10)).run(1)
    late = {figure.device: figure.late for figure in bus.figures}
    assert late["slow"] == 0
    assert late["other"] >= 0.2


def test_one_wake_up_serves_the_devices_that_are_done_within_two_milliseconds(bus, chip):
    first, second, third = (chip(conversion=seconds) for seconds in (0.0090, 0.0105, 0.0125))
    bus.connect(a=(first, 10), b=(second, 10), c=(third, 10)).run(1)
    assert [one.moment.uptime for one in bus.readings] == [10_500, 10_500, 12_500]


def test_what_is_due_already_does_not_wait_for_others(bus, chip):
    busy, other = chip(conversion=0.0, transaction=0.010), chip(conversion=0.001)
    bus.connect(a=(busy, 10), b=(other, 10)).run(1)
    assert bus.readings[0].moment.uptime == 20_000

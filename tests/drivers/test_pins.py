import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from gpiozero.exc import GPIOZeroError

from drivers.base.errors import BusMissing, DriverError, NotPermitted
from drivers.base.pins import PinPort, chip_label, gpio_chips, header_chip, import_lgpio
from simulators.clock import VirtualClock
from simulators.pins import SimulatedPins

PI_5_NEIGHBOURS = [(n, f"gpio-brcmstb@{n}") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "chips, number",
    [
        ([(0, "pinctrl-bcm2835"), (1, "raspberrypi-exp-gpio")], 0),  # Pi 3
        ([(0, "pinctrl-bcm2711"), (1, "raspberrypi-exp-gpio")], 0),  # Pi 4
        ([(4, "pinctrl-rp1"), *PI_5_NEIGHBOURS], 4),  # Pi 5, 2023
        ([(0, "pinctrl-rp1"), *PI_5_NEIGHBOURS, (4, "pinctrl-rp1")], 0),  # 6.6.45: 4 links to 0
        ([(15, "gpio-brcmstb@15"), (11, "pinctrl-rp1"), (12, "other")], 11),  # 6.12.96
    ],
)
def test_the_chip_of_the_header_is_known_by_its_label(chips, number):
    assert header_chip(chips) == number


@pytest.mark.parametrize("chips, found", [([], "none at all"), ([(0, "gpio_ich")], "gpio_ich")])
def test_a_machine_without_a_header_says_what_it_has(chips, found):
    with pytest.raises(BusMissing, match=f"found: {found} .*simulate"):
        header_chip(chips)


def test_a_label_ends_at_its_first_zero():
    name, label = b"gpiochip0", b"pinctrl-rp1"
    info = name.ljust(32, b"\0") + label.ljust(32, b"\0") + (54).to_bytes(4, "little")
    assert chip_label(info) == "pinctrl-rp1"


def test_chips_that_this_user_may_not_open_name_the_group():
    class Locked:
        name = "gpiochip0"

        def __str__(self):
            return "/dev/gpiochip0"

        def open(self, *_, **__):
            raise PermissionError(13, "Permission denied")

    dev = SimpleNamespace(glob=lambda _: [Locked()])
    with pytest.raises(NotPermitted, match=r"/dev/gpiochip0: .*usermod -aG gpio"):
        list(gpio_chips(dev))


def test_a_machine_without_chips_lists_none(tmp_path):
    assert list(gpio_chips(tmp_path)) == []


def failing(error):
    def load(name):
        raise error

    return load


@pytest.mark.parametrize(
    "load, kind, what",
    [
        (
            failing(ModuleNotFoundError("No module named 'lgpio'")),
            BusMissing,
            "No module named 'lgpio'.*apt install python3-lgpio.*--system-site-packages",
        ),
        (
            failing(FileNotFoundError(2, "No such file or directory", ".lgd-nfy-78")),
            NotPermitted,
            "cannot make its notification file in .*LG_WD",
        ),
        (
            lambda name: SimpleNamespace(__name__=name),
            BusMissing,
            r"empty lgpio 0\.0\.0\.2.*pip uninstall lgpio.*apt install",
        ),
    ],
)
def test_a_missing_or_empty_lgpio_names_the_remedy(load, kind, what):
    with pytest.raises(kind, match=what):
        import_lgpio(load)


def test_a_whole_lgpio_is_taken():
    lgpio = SimpleNamespace(gpiochip_open=None)
    assert import_lgpio(lambda name: {"lgpio": lgpio}[name]) is lgpio


@pytest.fixture
def pins():
    return SimulatedPins(VirtualClock())


class Ear:
    def hear(self, at, level):
        pass


EAR = Ear()


def watch(port, pull="up"):
    port.watch(EAR.hear, pull)


def test_a_pin_is_called_by_its_device_and_number(pins):
    assert PinPort(pins, 17, "door@gpio").where == "door@gpio:17"
    assert PinPort(pins, 17).where == "gpio:17"


def test_a_pin_in_use_is_not_given_twice(pins):
    first, second = PinPort(pins, 17, "door@gpio"), PinPort(pins, 17, "bell@gpio")
    watch(first)
    with pytest.raises(NotPermitted, match="bell@gpio:17: another device uses this pin"):
        watch(second)
    first.close()
    watch(second)


def test_a_number_beyond_the_header_is_refused(pins):
    with pytest.raises(BusMissing, match=r"gpio:45: the header has no such pin .*0 to 27"):
        watch(PinPort(pins, 45))


@pytest.mark.parametrize("pull", ["down", "none"])
def test_the_pull_ups_of_the_board_cannot_be_configured_away(pins, pull):
    with pytest.raises(DriverError, match=r'gpio:2: this pin has a pull-up .*set pull = "up"'):
        watch(PinPort(pins, 2), pull)


class Refusing(SimulatedPins):
    """A factory whose pins cannot be had."""

    error = None

    def pin(self, name, **options):
        if self.error:
            raise self.error
        return super().pin(name, **options)


@pytest.fixture
def refusing():
    return Refusing(VirtualClock())


def lgpio_error(text):
    kind = type("error", (Exception,), {"__module__": "lgpio", "__str__": lambda self: repr(text)})
    return kind()


@pytest.mark.parametrize(
    "error, kind, what",
    [
        (lgpio_error("GPIO busy"), NotPermitted, "another program holds this pin .*gpioinfo"),
        (lgpio_error("bad GPIO flags"), DriverError, "gpio:17: bad GPIO flags$"),
        (GPIOZeroError("no idea"), DriverError, "gpio:17: no idea$"),
    ],
)
def test_a_pin_that_cannot_be_had_says_why_and_can_be_had_later(refusing, error, kind, what):
    port = PinPort(refusing, 17)
    refusing.error = error
    with pytest.raises(kind, match=what):
        watch(port)
    with pytest.raises(kind, match=what):
        port.drive(True)
    refusing.error = None
    watch(port)
    assert port.level() is True


def test_a_bug_stays_a_bug(refusing):
    refusing.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        watch(PinPort(refusing, 17))


# What gpiozero's factory asks of lgpio, noted; this machine has no GPIO chip.
LGPIO = """
calls = []
RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64

class error(Exception):
    pass

def __getattr__(name):
    if not name.startswith(("gpio", "callback", "tx_pwm")):
        raise AttributeError(name)
    def call(*arguments):
        calls.append([name, *arguments])
        return 2 if name == "gpio_get_mode" else 0
    return call
"""
PROBE = """
import json, lgpio
import gpiozero.pins.local
gpiozero.pins.local.get_pi_revision = lambda: 0xA02082
from drivers.base.pins import PinPort, header
pins = header(11)
{use}
print(json.dumps(lgpio.calls))
"""


@pytest.fixture
def asked_of_lgpio(tmp_path):
    """A function: run statements on a header; return what gpiozero asked of lgpio."""
    (tmp_path / "lgpio.py").write_text(LGPIO)

    def asked(use):
        probe = subprocess.run(
            [sys.executable, "-c", PROBE.replace("{use}", use)],
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(probe.stdout.splitlines()[0])

    return asked


def test_a_real_output_is_claimed_at_its_level_and_never_low_before(asked_of_lgpio):
    calls = asked_of_lgpio("PinPort(pins, 22).drive(True)")
    assert calls[0] == ["gpiochip_open", 11]
    outputs = [call for call in calls if call[0] in {"gpio_claim_output", "gpio_write"}]
    assert outputs == [["gpio_claim_output", 0, 22, 1]]


def test_a_real_output_is_modulated_finer_than_by_whole_per_cent(asked_of_lgpio):
    calls = asked_of_lgpio(
        "port = PinPort(pins, 22); port.modulate(0.29, 50); port.modulate(0.0725, 50);"
        " assert abs(port.duty() - 0.0725) < 1e-9; port.close()"
    )
    modulated = [call[3:] for call in calls if call[0] == "tx_pwm"]
    assert modulated == [[50, 0], [50, pytest.approx(29)], [50, pytest.approx(7.25)], [0, 0]]

import re
import subprocess
from types import SimpleNamespace

import pytest

from drivers.mhz19 import MHZ19
from drivers.nmea import NMEA
from edge_agent.clock import ManualClock
from edge_agent.doctor.instruments.boot import read_boot
from edge_agent.doctor.instruments.certificate import validity
from edge_agent.doctor.instruments.unit import Unit
from edge_agent.doctor.instruments.users import READ, WRITE, User, service_user
from edge_agent.doctor.themes import software
from edge_agent.doctor.themes.clock import check_clock
from edge_agent.machine import CommandResult, Machine


@pytest.fixture
def boot(tmp_path):
    """A function: parse a config.txt, of Bookworm or of an older release."""

    def write(text, directory="boot/firmware"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "config.txt").write_text(text)
        return read_boot(Machine(tmp_path))

    return write


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("dtparam=i2c_arm=on", True),
        ("dtparam=i2c_arm", True),
        ("dtparam=i2c=on", True),
        ("dtparam=audio=on,i2c_arm=on,i2c_arm_baudrate=50000", True),
        ("[all]\ndtparam=i2c_arm=on", True),
        ("[pi4]\nx=1\n[all]\ndtparam=i2c_arm=on", True),
        ("dtparam=i2c_arm=on  # for the sensors", True),
        ("#dtparam=i2c_arm=on", False),
        ("dtparam=i2c_arm=off", False),
        ("dtparam=i2c_arm=on\ndtparam=i2c_arm=off", False),
        ("[pi3]\ndtparam=i2c_arm=on", False),
        ("[none]\ndtparam=i2c_arm=on", False),
        ("dtoverlay=i2c_arm", False),
    ],
)
def test_a_line_counts_as_the_firmware_counts_it(boot, text, on):
    assert boot(text).parameter_on("i2c_arm", "i2c", "i2c1") is on


def test_an_overlay_is_found_by_its_name_with_any_parameters(boot):
    found = boot("dtoverlay=w1-gpio,gpiopin=5\ndtoverlay=i2c-gpio-other")
    assert (found.overlay("w1-gpio"), found.overlay("i2c-gpio")) == (True, False)


def test_before_bookworm_the_file_is_in_boot(boot):
    assert "in /boot/config.txt," in boot("", "boot").add("dtparam=spi=on")


def test_without_raspi_config_it_is_not_named(boot):
    assert "raspi-config" not in boot("").add("dtparam=spi=on", command="do_spi 0")


def test_an_empty_setting_of_a_unit_resets_the_list():
    lines = (("DeviceAllow", "char-i2c rw"), ("DeviceAllow", ""), ("DeviceAllow", "/dev/x rw"))
    assert list(Unit({}, lines).settings("DeviceAllow")) == ["/dev/x rw"]
    assert Unit({}, lines[:2]).setting("DeviceAllow", "none") == "none"


@pytest.mark.parametrize(
    ("uid", "gid", "mode", "wanted", "may"),
    [
        (7, 0, 0o600, READ | WRITE, True),
        (7, 0, 0o400, READ | WRITE, False),
        (0, 8, 0o660, READ | WRITE, True),
        (0, 8, 0o640, READ | WRITE, False),
        (0, 9, 0o660, READ, False),
        (0, 9, 0o664, READ, True),
        (7, 8, 0o060, READ, False),  # only the owner's bits decide
        (0, 8, 0o606, READ, False),
    ],
)
def test_the_first_class_that_fits_decides(uid, gid, mode, wanted, may):
    user = User("u", 7, frozenset({8}), service=True)
    assert user.may(SimpleNamespace(st_uid=uid, st_gid=gid, st_mode=mode), wanted) is may


def test_root_may_do_everything():
    root = User("root", 0, frozenset({0}), service=False)
    assert root.may(SimpleNamespace(st_uid=1, st_gid=1, st_mode=0), READ | WRITE)


def test_the_services_user_has_the_primary_group_and_all_memberships(pi):
    user = service_user(Machine(pi.root))
    assert (user.name, user.uid, user.service) == ("edge-agent", 990, True)
    assert user.gids == {990, 994, 993, 992, 20}


def test_without_the_services_user_it_is_the_caller(tmp_path):
    assert not service_user(Machine(tmp_path)).service


@pytest.mark.parametrize(
    "kind", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]], ids=["rsa", "ec"]
)
@pytest.mark.parametrize("days", [1, 20_000])  # UTCTime, and GeneralizedTime from 2050 on
def test_dates_are_those_that_openssl_reads(tmp_path, kind, days):
    pem = tmp_path / "c.pem"
    words = ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", str(tmp_path / "k")]
    words += ["-out", str(pem), "-days", str(days), "-subj", "/CN=x"]
    subprocess.run(words, check=True, capture_output=True)
    found = validity(pem.read_text())
    assert found.ends - found.begins == days * 86400
    done = subprocess.run(
        ["openssl", "x509", "-in", str(pem), "-noout", "-checkend", "43200"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert re.search("will not expire", done.stdout)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"]
)
def test_what_is_not_a_certificate_is_a_value_error(text):
    with pytest.raises(ValueError, match="certificate"):
        validity(text)


def policy(installed, candidate):
    return (
        f"edge-agent:\n  Installed: {installed}\n  Candidate: {candidate}\n  Version table:\n"
        f" *** {installed} 100\n        100 /var/lib/dpkg/status\n"
    )


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (CommandResult(0, policy("1.0", "1.1")), ["update-available"]),
        (CommandResult(0, policy("1.1", "1.1")), []),
        (CommandResult(0, policy("(none)", "1.1")), []),
        (CommandResult(0, policy("1.0", "(none)")), []),
        (
            CommandResult(0, policy("1.0", "1.1").replace("Installed:", "Installé :")),
            ["update-available"],
        ),
        (CommandResult(0, ""), []),
        (CommandResult(127, "apt-cache: not found"), []),
    ],
)
def test_a_newer_package_is_known_from_what_apt_has_here(answer, found):
    asked = []
    machine = SimpleNamespace(command=lambda *words: asked.append(words) or answer)
    findings = list(software.check_update(SimpleNamespace(machine=machine)))
    assert [one.id for one in findings] == found
    assert asked == [("apt-cache", "policy", "edge-agent")]  # no network, no lists renewed
    assert all("version 1.1 is there" in one.what for one in findings)


@pytest.mark.parametrize("runs", ["active", "inactive"])
@pytest.mark.parametrize(
    "driver, what",
    [(NMEA, "events have the time of line once it has a fix"), (MHZ19, "events wait for their")],
)
def test_a_clock_that_is_not_set_says_what_events_have_meanwhile(runs, driver, what):
    clock = ManualClock()
    clock.trusted = False
    case = SimpleNamespace(
        machine=SimpleNamespace(command=lambda *_: SimpleNamespace(output=runs)),
        unit=SimpleNamespace(systemd=True),
        clock=clock,
        placed=lambda _kind: [SimpleNamespace(name="line", driver=driver)],
    )
    (finding,) = check_clock(case)
    assert what in finding.what

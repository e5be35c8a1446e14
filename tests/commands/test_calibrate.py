"""`edge-agent calibrate DEVICE CHANNEL`: known points become the scale and offset of a channel."""

import io
import json
import os
import sys
import tomllib

import pytest

from tests.commands.conftest import CONFIG

POINTS = ["--point", "0.5=0", "--point", "100.5=102"]
TABLE = '[[device]]\nname = "air"\ndriver = "sht4x"\n[device.channel.temperature]\n'


def channel(path, device=0, name="temperature"):
    return tomllib.loads(path.read_text())["device"][device]["channel"][name]


def test_two_points_become_scale_and_offset_and_the_rest_stays(edge_agent, config):
    path = config(f"# the shed\n{CONFIG}# end\n")
    done = edge_agent("calibrate", "water", "temperature", path, *POINTS)
    assert (done.code, done.err) == (0, "")
    assert "water.temperature: scale = 1.02, offset = -0.51" in done.out
    assert "(before: scale = 1, offset = 0)" in done.out
    assert "written; it passes `edge-agent check`" in done.out
    assert "sudo systemctl reload edge-agent" in done.out
    written = path.read_text()
    table = "[device.channel.temperature]\nscale = 1.02\noffset = -0.51\n"
    assert 'id = "28-0316a4c8ffee"\n\n' + table in written
    limits = "low = -55.0\nhigh = 125.0\n"
    assert written.replace(f"\n{table}{limits}", "") == f"# the shed\n{CONFIG}# end\n"


def test_the_channel_keeps_the_range_of_the_datasheet(edge_agent, config):
    """A scale would end it otherwise: it may convert to another quantity."""
    path = config(TABLE + "low = -20\n")
    assert edge_agent("calibrate", "air", "temperature", path, *POINTS).code == 0
    assert channel(path) == {"low": -20, "scale": 1.02, "offset": -0.51, "high": 125.0}


def test_a_point_is_what_the_channel_shows_with_its_present_calibration(edge_agent, config):
    path = config(TABLE + "scale = 1.1\noffset = 5 # guessed\n")
    assert edge_agent("calibrate", "air", "temperature", path, "--point", "27=30").code == 0
    assert channel(path) == {"scale": 1.1, "offset": 8.0}
    points = ["--point", "8=0", "--point", "118=110"]
    assert edge_agent("calibrate", "air", "temperature", path, *points).code == 0
    assert channel(path) == {"scale": 1.1, "offset": 0.0}
    assert "# guessed" in path.read_text()


def test_a_reading_is_true_after_the_calibration(edge_agent, config):
    path = config(TABLE)
    calibrated = edge_agent("calibrate", "air", "temperature", path, "--point", "20=30")
    assert calibrated.code == 0
    plain = ["--set", "device.air.channel.temperature.offset=0"]
    read = ["read", "air", path, "--simulate", "--json"]
    after, before = (json.loads(edge_agent(*read, *more).out)["values"] for more in ([], plain))
    assert after["temperature"] - before["temperature"] == pytest.approx(10, abs=0.5)


def answers(monkeypatch, *lines):
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_without_points_it_asks_and_measures_in_each_reference(edge_agent, config, monkeypatch):
    module = "edge_agent.commands.calibrate_channel.ChannelCalibration._measured"
    measured = iter([0.5, 100.5])
    monkeypatch.setattr(module, lambda *_: next(measured))
    answers(monkeypatch, "ice", "nan", "0", "", "102", "")
    path = config(TABLE)
    done = edge_agent("calibrate", "air", "temperature", path, "--simulate")
    assert done.code == 0
    assert "True value of the first reference, in °C" in done.err
    assert "Press Enter when the sensor is in it and steady" in done.err
    assert done.err.count("Error: write a number, such as 21.5\n") == 2
    assert "measured: 100.500 °C" in done.err
    assert (channel(path)["scale"], channel(path)["offset"]) == (1.02, -0.51)


def test_it_measures_before_the_calibration_of_the_channel(edge_agent, config, monkeypatch):
    """Both references are the same air here, so what is measured cannot give a scale."""
    text = TABLE + "offset = 50\n"
    path = config(text)
    answers(monkeypatch, "0", "", "1", "")
    done = edge_agent("calibrate", "air", "temperature", path, "--simulate")
    shown = float(done.err.partition("measured: ")[2].split()[0])
    plain = json.loads(edge_agent("read", "air", path, "--simulate", "--json").out)
    assert shown == pytest.approx(plain["values"]["temperature"], abs=0.5)
    assert done.code == 2
    assert path.read_text() == text


def test_an_input_that_ends_is_refused_with_the_option_to_use(edge_agent, config, monkeypatch):
    answers(monkeypatch, "0", "")
    done = edge_agent("calibrate", "air", "temperature", config(), "--simulate")
    assert done.code == 2
    assert "ends before both references are measured; use --point" in done.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["aire", "temperature", *POINTS], "did you mean 'air'?"),
        (["air", "temperatur", *POINTS], "air.temperatur: unknown; did you mean 'temperature'?"),
        (["air", "temperatur"], "did you mean 'temperature'?"),
        (["door", "active", *POINTS], "door.active: it is on or off"),
        (["air", "temperature", "--point", "1=2", "--point", "1=3"], "the same measured value"),
        (["air", "temperature", "--point", "0=0", "--point", "1=10"], "10 times the present one"),
        (["air", "temperature", "--point", "0=300"], "300 is outside what it measures, -40 to 125"),
        (["air", "temperature", *POINTS, "--point", "1=1"], "given 3 times"),
        (["air", "temperature", "--point", "20,5=21"], "wanted: SHOWN=TRUE, two numbers"),
        (["air", "temperature", "--point", "20"], "wanted: SHOWN=TRUE, two numbers"),
        (["air", "temperature", "--point", "nan=1"], "wanted: SHOWN=TRUE, two numbers"),
        (["air", "420", *POINTS], "--point corrects a channel"),
        (["air", "420"], "name a channel in place of the value to correct it"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_file_stays(edge_agent, config, words, why):
    path = config()
    done = edge_agent("calibrate", *words, "-c", path, "--simulate")
    assert done.code == 2
    assert why in " ".join(done.err.split())
    assert path.read_text() == CONFIG


def test_a_polynomial_is_refused_with_what_to_do(edge_agent, config):
    text = TABLE + "polynomial = [0, 1, 0.01]\n"
    path = config(text)
    done = edge_agent("calibrate", "air", "temperature", path, *POINTS)
    assert done.code == 2
    assert "it has a polynomial" in done.err
    assert "write the correction into c0 and c1" in done.err
    assert path.read_text() == text


def test_a_voltage_may_become_any_quantity(edge_agent, config):
    path = config('[[device]]\nname = "ph"\ndriver = "ads1115"\n')
    points = ["--point", "1.5=7", "--point", "2=4"]
    done = edge_agent("calibrate", "ph", "a0", path, *points)
    assert (done.code, done.err) == (0, "")
    assert channel(path, name="a0") == {"scale": -6.0, "offset": 16.0}


def test_what_has_no_place_for_the_lines_is_printed_to_paste(edge_agent, config):
    text = 'device = [{ name = "air", driver = "sht4x" }]\n'
    path = config(text)
    done = edge_agent("calibrate", "air", "temperature", path, *POINTS)
    assert done.code == 1
    assert "[device.channel.temperature]\nscale = 1.02\noffset = -0.51\n" in done.out
    assert "no place for the lines" in done.err
    assert "paste the lines below the table of air" in done.err
    assert path.read_text() == text


def test_standard_input_is_printed_to_paste(edge_agent, monkeypatch):
    monkeypatch.setattr("edge_agent.config.source.standard_input", TABLE.encode)
    done = edge_agent("calibrate", "air", "temperature", "-", *POINTS)
    assert done.code == 1
    assert "scale = 1.02\noffset = -0.51\n" in done.out
    assert "the configuration is standard input" in done.err


def test_what_does_not_pass_check_is_not_written(edge_agent, config):
    text = '[[device]]\nname = "meter"\ndriver = "pulse"\npin = 4\nkind = "volume"\nper_pulse = 1\n'
    path = config(text)
    done = edge_agent("calibrate", "meter", "volume", path, "--point", "1=2")
    assert done.code == 2
    assert "a counter's channels are not converted; use `per_pulse`" in " ".join(done.err.split())
    assert f"{path}:" in done.err
    assert ".new" not in done.err
    assert path.read_text() == text
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_file_keeps_its_mode_owner_and_mark_of_byte_order(edge_agent, config):
    path = config()
    path.write_bytes(b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    assert edge_agent("calibrate", "air", "temperature", path, *POINTS).code == 0
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    written = path.read_bytes()
    assert written.startswith(b'\xef\xbb\xbf\r\nnode = "shed"\r\n')
    assert written.count(b"\n") == written.count(b"\r\n")
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_link_to_the_file_stays_a_link(edge_agent, config, tmp_path):
    path = config()
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    assert edge_agent("calibrate", "air", "temperature", link, *POINTS).code == 0
    assert link.is_symlink()
    assert channel(path)["scale"] == 1.02

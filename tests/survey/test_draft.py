import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.scan import Claim, Found
from edge_agent.blueprint import resolve
from edge_agent.survey.draft import Answers, ambiguous, draft
from edge_agent.survey.survey import OWN, KernelDevice, Survey

DRIVERS, _ = Catalog("edge_agent.drivers").load_all()
ON_I2C = [
    (name, address)
    for name, driver in DRIVERS.items()
    if driver.bus == "i2c" and hasattr(driver, "measure")
    for address in driver.addresses
]
ANSWERS = Answers("shed", "mqtt://broker.lan")


def resolved(text, folder):
    path = folder / "drafted.toml"
    path.write_text(text)
    return resolve(path)


def found(driver, address, *, certain=True, bus=1):
    return Found(bus, address, (Claim(driver, driver.upper(), certain),))


def uncommented(text):
    """Return the text with its example rule uncommented."""
    head, mark, rule = text.partition("# A rule, as an example")
    lines = rule.splitlines()[1:]
    return head + mark + "\n" + "\n".join(line.removeprefix("#").lstrip() for line in lines)


@st.composite
def surveys(draw_):
    spots = draw_(st.lists(st.sampled_from(ON_I2C), unique_by=lambda one: one[1], max_size=8))
    chips = tuple(found(*spot, certain=draw_(st.booleans())) for spot in spots)
    id_ = st.from_regex(r"28-[0-9a-f]{12}", fullmatch=True)
    ids = draw_(st.lists(id_, max_size=4, unique=True))
    letters = st.characters(exclude_characters="\0", codec="utf-8")  # the kernel's end with NUL
    names = st.text(letters, min_size=1, max_size=12).filter(str.strip)
    device = st.builds(
        KernelDevice,
        st.just("hwmon"),
        names,
        st.lists(st.sampled_from(["temp1", "in0", "fan1"]), min_size=1, unique=True).map(tuple),
    )
    kernel = tuple(draw_(st.lists(device, max_size=3)))
    own = tuple(draw_(st.lists(st.sampled_from(OWN), unique=True)))
    return Survey(chips, tuple(ids), kernel, own)


@settings(max_examples=100, deadline=None)
@given(surveys())
def test_the_draft_and_its_example_pass_check_for_anything_found(tmp_path_factory, survey):
    folder = tmp_path_factory.mktemp("draft")
    text = draft(survey, ANSWERS, DRIVERS)
    certain = sum(chip.claims[0].certain for chip in survey.chips)
    expected = certain + len(survey.thermometers) + len(survey.kernel) + len(survey.own)
    if not expected:
        return  # nothing to measure with: `init` says so
    blueprint = resolved(text, folder)
    assert len(blueprint.devices) == expected
    assert len(resolved(uncommented(text), folder).rules) == 1
    assert max(map(len, text.splitlines())) <= 160


@pytest.mark.parametrize("name, address", ON_I2C)
def test_every_driver_that_can_be_found_has_a_table_that_passes(tmp_path, name, address):
    [device] = resolved(draft(Survey((found(name, address),)), ANSWERS, DRIVERS), tmp_path).devices
    assert (device.settings.driver, device.place.address) == (name, address)


def test_the_metrics_are_a_comment_that_needs_no_change(tmp_path):
    text = draft(Survey(()), ANSWERS, DRIVERS)
    assert resolved(text, tmp_path).config.metrics.listen == ""
    on = text.replace("# [metrics]", "[metrics]").replace("# listen", "listen")
    assert resolved(on, tmp_path).config.metrics.listen == "127.0.0.1:9273"


UNKNOWN = Found(1, 0x48, (Claim("lm75", "LM75", False), Claim("tmp102", "TMP102", False)))


def test_a_chip_that_does_not_identify_itself_stays_a_comment(tmp_path):
    survey = Survey((UNKNOWN,), own=("memory",))
    text = draft(survey, ANSWERS, DRIVERS)
    assert [one.settings.driver for one in resolved(text, tmp_path).devices] == ["memory"]
    assert "An unidentified chip on i2c-1, address 0x48: lm75 or tmp102" in text
    assert ambiguous(UNKNOWN) == ("lm75", "tmp102")


def test_a_chip_that_the_user_names_becomes_a_table(tmp_path):
    answers = ANSWERS._replace(chips={(1, 0x48): "tmp102"})
    text = draft(Survey((UNKNOWN,)), answers, DRIVERS)
    assert [one.settings.driver for one in resolved(text, tmp_path).devices] == ["tmp102"]
    assert "lm75" not in text


def test_a_chip_that_the_kernel_drives_is_read_through_the_kernel(tmp_path):
    owned = Found(1, 0x76, kernel="bmp280", instead='driver = "iio", device = "bme280"')
    kernel = (KernelDevice("iio", "bme280", ("temperature",)),)
    [device] = resolved(draft(Survey((owned,), kernel=kernel), ANSWERS, DRIVERS), tmp_path).devices
    assert (device.settings.driver, device.options["device"]) == ("iio", "bme280")


def test_a_dht_that_the_kernel_reads_is_read_with_its_own_driver(tmp_path):
    kernel = (KernelDevice("dht22", "dht11@11", ()),)
    [device] = resolved(draft(Survey(kernel=kernel), ANSWERS, DRIVERS), tmp_path).devices
    assert (device.settings.name, device.settings.driver) == ("dht11-11", "dht22")
    assert device.options == {"device": "dht11@11"}


def test_without_a_sensor_the_line_for_a_dht_is_a_comment():
    assert "# dtoverlay=dht11,gpiopin=4\n" in draft(Survey(own=("memory",)), ANSWERS, DRIVERS)


def test_a_password_in_the_broker_s_url_is_not_written(tmp_path):
    answers = ANSWERS._replace(url="mqtts://ann:hunter2@broker.lan:8884")
    text = draft(Survey(own=("memory",)), answers, DRIVERS)
    assert "hunter2" not in text
    mqtt = tomllib.loads(text)["mqtt"]
    assert mqtt == {"url": "mqtts://broker.lan:8884", "username": "ann"}
    assert "/etc/credstore/edge-agent.mqtt-password" in text


def test_chips_of_one_kind_have_unique_names(tmp_path):
    survey = Survey((found("sht4x", 0x44), found("sht4x", 0x45), found("sht4x", 0x44, bus=3)))
    names = [one.name for one in resolved(draft(survey, ANSWERS, DRIVERS), tmp_path).devices]
    assert names == ["sht4x", "sht4x-2", "sht4x-3"]

import pytest

from edge_agent.acquire.hardware import Place
from edge_agent.blueprint import resolve
from edge_agent.errors import ConfigError


@pytest.fixture
def resolved(tmp_path):
    """A function: resolve a configuration's text; return the places, or the problems."""

    def resolve_text(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return {one.name: one.place for one in resolve(path).placed}

    return resolve_text


def device(name, driver, rest="", table="device"):
    return f'[[{table}]]\nname = "{name}"\ndriver = "{driver}"\n{rest}\n'


def output(name, driver, rest):
    return device(name, driver, rest, "output")


EXPANDERS = [
    (device("keys", "mcp23017"), output("fan", "mcp23017_output", "pin = 3")),
    (output("fan", "mcp23017_output", "pin = 3"), output("lamp", "mcp23017_output", "pin = 4")),
    (output("fan", "pca9685", "pin = 3"), output("flap", "pca9685_servo", "pin = 4")),
    (output("fan", "pcf8574_output", "pin = 3"), output("lamp", "pcf8574_output", "pin = 4")),
]
STRANGERS = [
    (device("keys", "pcf8574"), output("fan", "pcf8574_output", "pin = 3"), "for something else"),
    (device("keys", "pcf8574"), output("fan", "mcp23017_output", "pin = 3"), "for something else"),
    (device("keys", "mcp23017"), device("more", "mcp23017"), "connected there already"),
    (
        output("fan", "mcp23017_output", "pin = 3"),
        output("lamp", "mcp23017_output", "pin = 3"),
        "connected there already",
    ),
]


@pytest.mark.parametrize("first, second", EXPANDERS)
def test_the_pins_of_one_chip_are_shared(resolved, first, second):
    assert len(resolved(first + second)) == 2


@pytest.mark.parametrize("first, second, why", STRANGERS)
def test_two_chips_at_one_address_are_refused(resolved, first, second, why):
    with pytest.raises(ConfigError, match=why):
        resolved(first + second)


def test_a_pin_that_an_expander_does_not_have_is_refused_before_anything_runs(resolved):
    with pytest.raises(ConfigError, match=r"output.fan.pin is 8: wanted 0 to 7"):
        resolved(output("fan", "pcf8574_output", "pin = 8"))


@pytest.mark.parametrize(
    "text, place",
    [
        (output("it", "mcp23017_output", "pin = 9\nbus = 3\naddress = 0x21"), "i2c-3:0x21:9"),
        (device("it", "thermal"), "linux:it"),
        (device("it", "sht4x", "bus = 0"), "i2c-0:0x44"),
        (device("it", "contact", "pin = 17"), "gpio:17"),
        (device("it", "ds18b20", 'id = "28-0316a4c8ffee"'), "w1:28-0316a4c8ffee"),
    ],
)
def test_a_place_is_written_as_users_know_it(resolved, text, place):
    assert str(resolved(text)["it"]) == place


@pytest.mark.parametrize(
    "place, text",
    [
        (Place("spi", 0, 1), "spi-0:1"),
        (Place("serial", id="/dev/ttyUSB0"), "/dev/ttyUSB0"),
    ],
)
def test_each_serial_line_and_each_spi_bus_has_its_own_thread(place, text):
    assert str(place) == text
    assert place.line in text


@pytest.mark.parametrize(
    "rest, why",
    [
        ("pin = 4", "a device on linux has no pin"),
        ("address = 0x20", "a device on linux has no address"),
        ('path = "/dev/ttyUSB0"', "a device on linux has no path"),
        ("select = 1", "a device on linux has no select"),
    ],
)
def test_a_key_of_another_bus_is_refused(resolved, rest, why):
    with pytest.raises(ConfigError, match=why):
        resolved(device("cpu", "thermal", rest))


def test_a_missing_pin_is_a_problem(resolved):
    with pytest.raises(ConfigError, match=r"device.door.pin: missing; wanted: the GPIO number"):
        resolved(device("door", "contact"))


REGISTERS = 'values = [{ name = "temperature", low = 0, high = 50 }]\n'


def test_a_device_that_any_address_may_have_needs_one(resolved):
    with pytest.raises(ConfigError, match=r"device.it.address: missing; wanted: the chip's I2C"):
        resolved(device("it", "i2c_registers", REGISTERS))
    place = resolved(device("it", "i2c_registers", REGISTERS + "address = 0x31"))["it"]
    assert str(place) == "i2c-1:0x31"


METER = 'path = "{}"\nunit = {}\nmap = "sdm120"\n'


def test_several_units_share_a_modbus_line_and_its_thread(resolved):
    units = [device(f"m{n}", "modbus", METER.format("/dev/ttyUSB0", n)) for n in (1, 2)]
    first, second = resolved("".join(units)).values()
    assert (str(first), first.line) == ("/dev/ttyUSB0 unit 1", second.line)


def test_a_unit_that_is_configured_twice_is_a_problem(resolved):
    units = [device(f"m{n}", "modbus", METER.format("tcp://meter", 1)) for n in (1, 2)]
    with pytest.raises(ConfigError, match=r"m2.path = .*tcp://meter unit 1.*'m1' is connected"):
        resolved("".join(units))


@pytest.mark.parametrize("path", ["tcp://", "udp://meter", "tcp://meter:0"])
def test_a_host_that_cannot_be_one_is_a_problem(resolved, path):
    with pytest.raises(ConfigError, match=r"m.path = .*: write it like tcp://192.168.1.20"):
        resolved(device("m", "modbus", METER.format(path, 1)))


@pytest.mark.parametrize("conversion", ["scale = 2", "median = 3"])
def test_a_counters_total_is_not_converted(resolved, conversion):
    text = device("rain", "pulse", 'pin = 5\nkind = "precipitation"\nper_pulse = 0.25')
    with pytest.raises(ConfigError, match=r"rain.channel.precipitation: .* use `per_pulse`"):
        resolved(text + "[device.channel.precipitation]\n" + conversion)


def test_a_rule_may_not_have_the_name_of_an_outputs_own_alert(resolved):
    rule = '[[rule]]\nname = "output-fan"\nwhen = "air.temperature > 1"\n'
    with pytest.raises(ConfigError, match=r'rule.output-fan.name = "output-fan": names that begin'):
        resolved(device("air", "sht4x") + rule)


def test_a_safe_state_that_max_on_would_end_is_refused(resolved):
    with pytest.raises(ConfigError, match=r"output.fan.max_on = .*: max_on would end the safe"):
        resolved(output("fan", "relay", 'pin = 22\nsafe = "on"\nmax_on = "5m"'))

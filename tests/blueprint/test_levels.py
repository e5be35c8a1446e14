"""An output is on or off, or takes every value between, as its driver does."""

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
SAFE = '[[output]]\nname = "fan"\npin = 22\ndriver = "{}"\nsafe = {}\n'
SET = DEVICE + SAFE.replace("{}", "{}", 1).replace("safe = {}\n", "")
RULE = '[[rule]]\nname = "hot"\nwhen = "air.temperature > 30"\nset = {{ fan = {} }}\n'
DRIVERS = {"relay": False, "buzzer": False, "led": True, "pwm": True, "servo": True}


@pytest.mark.parametrize(("driver", "between"), DRIVERS.items())
def test_a_safe_value_between_off_and_on_is_for_outputs_that_have_it(problems, driver, between):
    found = problems(SAFE.format(driver, "0.5"))
    remedy = (
        f'output.fan.safe = 0.5: {driver} is on or off; write "on" or "off", or choose pwm or led'
    )
    assert found == ([] if between else [remedy])


@pytest.mark.parametrize(("driver", "between"), DRIVERS.items())
def test_a_rule_sets_values_between_on_outputs_that_have_them(problems, driver, between):
    found = problems(SET.format(driver) + RULE.format("0.3"))
    remedy = (
        f'rule.hot.set.fan = 0.3: {driver} is on or off; write "on" or "off", or choose pwm or led'
    )
    assert found == ([] if between else [remedy])


@pytest.mark.parametrize("value", ['"on"', '"off"', "true", "false", "0", "1", "0.0", "1.0"])
def test_on_and_off_are_for_every_output(problems, value):
    both = DEVICE + SAFE.format("relay", value) + RULE.format(value)
    assert problems(both) == []


@pytest.mark.parametrize("value", ["-0.1", "1.1", "nan"])
def test_what_no_output_takes_is_said_once(problems, value):
    assert len(problems(SAFE.format("relay", value))) == 1

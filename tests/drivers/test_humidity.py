import re

import pytest

from drivers.base.errors import OutOfRange
from drivers.base.humidity import cropped, of_kernel


@pytest.mark.parametrize(
    "percent, shown", [(-5, 0), (-0.1, 0), (0, 0), (45.5, 45.5), (100, 100), (110, 100)]
)
def test_a_humidity_a_little_beyond_an_end_is_that_end(percent, shown):
    assert cropped(percent, "here") == shown


# The first and the last are what SHT4x and HTU21D say if their element is broken or shorted
@pytest.mark.parametrize("percent", [-6, -5.1, 110.1, 119, float("nan")])
def test_what_only_a_broken_element_gives_is_refused_with_the_remedy(percent):
    refused = cropped(percent, "here")
    assert isinstance(refused, OutOfRange)
    assert re.match(r"here: humidity is .* measures 0 to 100 % \(its element", str(refused))


@pytest.mark.parametrize("percent, shown", [(48, 48), (-0.5, 0), (103.2, 100)])
def test_what_the_kernel_computes_is_cropped_alike(percent, shown):
    assert of_kernel(percent, "here") == shown


@pytest.mark.parametrize("percent", [0, -6, 118.99])
def test_what_the_kernel_computes_of_a_broken_element_is_refused(percent):
    assert isinstance(of_kernel(percent, "here"), OutOfRange)

import pytest
from edge_agent_hdc1008 import model
from edge_agent_hdc1008.driver import HDC1008, humidity, temperature

from edge_agent.testing import I2CContract


class TestContract(I2CContract):
    driver = HDC1008
    model = model.HDC1008


@pytest.mark.parametrize("code, celsius", [(0x0000, -40), (0x8000, 42.5), (0x6000, 21.875)])
def test_codes_are_temperatures(code, celsius):
    assert temperature(code) == celsius


@pytest.mark.parametrize("code, percent", [(0x0000, 0), (0x8000, 50), (0xFFFC, 99.994)])
def test_codes_are_humidities(code, percent):
    assert humidity(code) == pytest.approx(percent, abs=0.001)

import pytest

from tests.simulators import heavy_days
from tests.simulators.heavy_days import BLIND, PARTS, spend


@pytest.mark.parametrize("part", range(PARTS))
def test_under_faults_that_overlap_only_what_cannot_be_noticed_is_wrong(part):
    found = spend([11], 900, [part])
    assert found.wrong().keys() <= BLIND.keys()
    assert found.faults["struck"] > 30
    assert found.faults["overlapping"] > 20


def test_what_a_chip_cannot_notice_is_on_its_page(root):
    page = (root / "docs/sensors.md").read_text()
    sections = {section.split("`")[0]: section for section in page.split("## `")[1:]}
    assert all("It cannot notice:" in sections[driver] for driver in BLIND)


def test_the_report_names_each_driver_and_what_was_wrong():
    found = heavy_days.Found(
        {"sht4x": heavy_days.Tally(10, 8, 0), "lm75": heavy_days.Tally(10, 9, 2)},
        heavy_days.Counter(planned=7, struck=5, overlapping=3),
    )
    text = heavy_days.report(found)
    assert "20 measurements, 7 faults, of which 5 struck and 3 began within another one" in text
    assert "| lm75 | 10 | 9 | 2 | a conversion that takes too long |" in text
    assert "| sht4x | 10 | 8 | 0 |  |" in text

"""What the doctor tells of the card, although nothing is wrong."""

import sqlite3
from contextlib import closing

import pytest

from edge_agent.doctor.diagnosis import diagnose
from edge_agent.doctor.report import as_json, lines
from edge_agent.doctor.themes import storage
from edge_agent.doctor.themes.card import COMMIT_BYTES, DAY, EVENT_BYTES

SECTORS = 62_333_952
YEARS = SECTORS * 512 * 1000 / ((COMMIT_BYTES + 10 * EVENT_BYTES) * DAY * 365)


@pytest.fixture
def card(pi):
    """A function: put a card of 32 GB, with what it says of itself, into the machine."""

    def insert(**said):
        pi.write("/sys/block/mmcblk0/size", f"{SECTORS}\n")
        for name in ("type", "name", "date", "life_time"):
            pi.write(f"/sys/block/mmcblk0/device/{name}", said.get(name, ""))

    return insert


def facts(pi):
    (result,) = diagnose(pi.case(), [storage.THEME])
    assert result.findings == ()
    return result.facts


def log_events(pi, *, a_second, seconds):
    with closing(sqlite3.connect(pi.log)) as log, log:
        log.executemany(
            "INSERT INTO event (time, kind, source, data) VALUES (?, 'reading', 'air', '{}')",
            [(n * 1_000_000 // a_second,) for n in range(a_second * seconds)],
        )


def test_a_card_says_what_it_is_and_that_it_does_not_count_its_wear(pi, card):
    card(type="SD\n", name="SC32G\n", date="05/2023\n")
    assert facts(pi) == ("mmcblk0: SD SC32G, 32 GB, made 05/2023, it does not report its wear",)


def test_an_emmc_says_how_much_of_its_life_is_used(pi, card):
    card(type="MMC\n", name="BJTD4R\n", date="01/2024\n", life_time="0x01 0x03\n")
    assert facts(pi) == ("mmcblk0: MMC BJTD4R, 32 GB, made 01/2024, up to 30 % of its life used",)


def test_how_long_the_card_lasts_follows_from_the_rate_of_the_log(pi, card):
    card(type="SD\n", name="SC32G\n")
    log_events(pi, a_second=10, seconds=3600)
    _, daily, lasts = facts(pi)
    assert daily == "the event log writes about 786 MB a day"
    assert lasts == f"mmcblk0: the log alone takes about {YEARS:,.0f} years to write it 1,000 times"


def test_a_log_of_a_few_seconds_says_nothing_of_a_day(pi, card):
    card(type="SD\n", name="SC32G\n")
    log_events(pi, a_second=10, seconds=5)
    assert len(facts(pi)) == 1


def test_facts_stand_below_their_theme_and_in_the_json(pi, card):
    card(type="SD\n", name="SC32G\n")
    results = list(diagnose(pi.case(), [storage.THEME]))
    assert list(lines(results[0]))[1].startswith("          mmcblk0: SD SC32G, 32 GB")
    assert as_json(results)["themes"][0]["facts"]

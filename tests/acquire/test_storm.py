"""Everything goes wrong at once, around a whole agent: nothing is lost, and nothing grows."""

import gc
import logging
import sys

from benchmarks.storm import Storm

EDGES = 30_000
LINES = 40  # of the log: a few for each device, however long the storm lasts
BLOCKS = 50_000  # of memory, about 100 bytes each


def test_a_storm_loses_no_count_and_no_transition_and_fills_neither_memory_nor_log(
    tmp_path, wait_for, caplog
):
    storm = Storm(tmp_path, timeout=0.05)
    caplog.set_level(logging.WARNING)
    storm.agent.start()
    wait_for(lambda: {"meter", "door"} <= storm.seen.keys())

    def rage(edges):
        until = storm.edges + edges
        while storm.edges < until:
            storm.burst()
            storm.babbler.babble()
        gc.collect()
        return sys.getallocatedblocks()

    before = rage(EDGES)
    storm.lateness.clear()
    after = rage(EDGES)
    storm.lateness.clear()
    wait_for(lambda: storm.moves >= 20 or storm.burst())
    wait_for(lambda: "hung2" in storm.seen and "dust" in storm.seen)
    wait_for(lambda: storm.moves_seen == storm.moves)
    found = storm.finish()
    assert storm.edges >= 2 * EDGES
    assert found == {"counted": storm.edges, "moves": storm.moves}
    assert after - before < BLOCKS
    assert len(caplog.records) < LINES
    assert max(len(record.message) for record in caplog.records) < 600

"""The short form of the torture run: each fault that it has must do no harm."""

import random

import pytest

from tests.torture.faults import FAULTS
from tests.torture.rig import Rig

SHORT = [fault for fault in FAULTS if fault.short]


@pytest.mark.slow
@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.title)
def test_a_fault_loses_no_event_and_the_accounts_add_up(tmp_path, fault):
    rig = Rig(tmp_path, random.Random(fault.title), scale=0.1)
    try:
        row = fault.run(rig)
    finally:
        rig.close()
    assert row.passed, row

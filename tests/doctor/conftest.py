"""The machine of the doctor's tests.

Remedies are carried out on it literally: a wrong one does not repair it.
"""

import pytest
from fake_pi.machine import Pi


@pytest.fixture
def pi(tmp_path, broker):
    (tmp_path / "pi").mkdir()
    made = Pi(tmp_path / "pi", broker.url)
    yield made
    made.hardware.close()

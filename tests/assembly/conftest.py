import pytest

from tests.assembly.running import Running


@pytest.fixture
def running(tmp_path, broker, wait_for):
    one = Running(tmp_path, broker.url)
    wait_for(lambda: one.seen and one.events("reading"))
    yield one
    one.stop()

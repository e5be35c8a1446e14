from types import SimpleNamespace

from edge_agent.acquire.schedule import APART
from edge_agent.assembly import buses
from edge_agent.blueprint import resolve
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock

BUSES = 9
DEVICE = """
[[device]]
name = "air{bus}"
driver = "sht4x"
bus = {bus}
every = "1s"
"""


class ManyBuses:
    """Hardware with any number of I2C buses, without chips."""

    def i2c(self, _number):
        return SimulatedBus(VirtualClock())

    def claimed(self, _number, _address):
        return ""


def built(monkeypatch, devices):
    """Return the phases with which the threads of the devices' buses are built, by bus."""
    phases = {}

    def worker(name, due, *_args, **_options):
        phases[name] = due[0].phase
        return SimpleNamespace(run=None)

    monkeypatch.setattr(buses, "BusWorker", worker)
    threads = buses.Buses(
        ManyBuses(), emit=None, save=None, alive=str, died=None, clock=None, report=None, phase=7
    )
    threads.prepare(devices)
    return phases


def test_the_threads_of_many_buses_begin_a_few_at_a_time(monkeypatch, tmp_path):
    file = tmp_path / "many.toml"
    file.write_text('node = "many"' + "".join(DEVICE.format(bus=n) for n in range(1, BUSES + 1)))
    phases = built(monkeypatch, resolve(file).devices)
    assert phases == {f"i2c-{n + 1}": 7 + n // 4 * APART for n in range(BUSES)}

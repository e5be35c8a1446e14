"""The page and the metrics: what they cost, and whether they delay a relay.

python -m benchmarks.page   prints the figures of this part alone
"""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from benchmarks.broker import free_port, mosquitto
from benchmarks.idle_process import SETTLE, agent, settle
from benchmarks.measure import cpu_seconds, rss
from benchmarks.relay_delay import figures, relay_rows, relayed
from benchmarks.row import Row
from benchmarks.scratch import scratch
from benchmarks.viewers import viewers

IDLE, PAGES, SCRAPE = 60, 100, 1  # seconds, and pages
START = 60.0  # s until an agent answers


def page(port: int) -> Iterator[Row]:
    """Measure memory and CPU with page and metrics on, and a relay beside those who look."""
    without = rss_without(port)
    yield from idle(port, "nobody looks", lambda _: nullcontext(), without)
    yield from idle(port, "one viewer", lambda address: viewers(address, 1), without)
    yield from beside("page closed", "", lambda _: nullcontext())
    yield from beside(f"{PAGES} pages open", "web.listen", lambda address: viewers(address, PAGES))
    yield from beside(f"metrics read every {SCRAPE} s", "metrics.listen", scraped)
    yield from beside("1,000 readings/s", "", lambda _: nullcontext(), "busy")
    name = f"1,000 readings/s, {PAGES} pages open"
    yield from beside(name, "web.listen", lambda address: viewers(address, PAGES), "busy")


def rss_without(port: int) -> float:
    """Return the memory in MiB of ten devices at 1 Hz without page and metrics."""
    with scratch() as directory, agent(port, directory, "1s") as pid:
        settle(directory)
        return rss(pid)


def idle(
    port: int,
    name: str,
    looking: Callable[[str], AbstractContextManager[None]],
    without: float,
) -> Iterator[Row]:
    """Measure ten devices at 1 Hz with page and metrics, beside the memory `without` them."""
    web, metrics = _address(), _address()
    settings = f"web.listen={web}", f"metrics.listen={metrics}"
    with scratch() as directory, agent(port, directory, "1s", *settings) as pid:
        _wait_for(f"http://{web}/")
        with looking(web):
            time.sleep(SETTLE)
            cpu = cpu_seconds(pid)
            time.sleep(IDLE)
            used = (cpu_seconds(pid) - cpu) / IDLE * 100
            yield Row(f"10 devices, page and metrics, {name}: CPU", used, "% of 1")
            yield Row("  RSS", rss(pid), "MiB")
            yield Row("  RSS beyond that without them", rss(pid) - without, "MiB")


def beside(
    name: str, key: str, looking: Callable[[str], AbstractContextManager[None]], *words: str
) -> Iterator[Row]:
    """Measure the delay of a relay; `key` names the address at which others look.

    `words` are those of `benchmarks.relay`.
    """
    address = _address()
    settings = [*words, *([f"{key}={address}"] if key else [])]
    with scratch() as directory:
        result = relayed(directory, *settings, meanwhile=partial(_opened, looking, address, key))
    yield from relay_rows(figures(name, [ms for _, ms in result["samples"]]))


@contextmanager
def scraped(address: str) -> Iterator[None]:
    """Read metrics every second until the end of the block."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(SCRAPE):
            urllib.request.urlopen(f"http://{address}/metrics").read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _opened(
    looking: Callable[[str], AbstractContextManager[None]], address: str, key: str
) -> Iterator[None]:
    """Look from the moment when the agent answers."""
    if key:
        _wait_for(f"http://{address}/")
    with looking(address):
        yield


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def _address() -> str:
    return f"127.0.0.1:{free_port()}"


if __name__ == "__main__":
    with mosquitto() as broker:
        for row in page(broker):
            print(row, flush=True)

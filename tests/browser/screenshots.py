"""`make screenshots`: the pictures of docs/web.md, of the real program after an invented day.

python -m tests.browser.screenshots
"""

import math
import tempfile
import time
from contextlib import closing
from pathlib import Path

from lab.agent import AgentProcess
from lab.broker import Mosquitto, free_port
from lab.waiting import eventually

from edge_agent.clock import Moment
from edge_agent.events import Alert, Reading, Switched
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from tests.browser.chromium import LAPTOP, PHONE, Chromium
from tests.browser.greenhouse import answers

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples/greenhouse.toml"
DOCS = ROOT / "docs"
WEB = '\n[web]\nlisten = "127.0.0.1:{}"\n'
DAY, EVERY = 86_400, 60  # s
WARM = 26.0  # °C: the threshold of the example
CHANNELS = "?channel=air.temperature,outside.temperature"
IS_STILL = """
const found = [...document.querySelectorAll("main dd")];
return !document.querySelector("main [aria-busy=true]")
  && found.every((one) => one.querySelector(".value"))
  && document.getAnimations().every((one) => one.playState !== "running");
"""
PICTURES = {  # name: view, what the address says, what is there once it is drawn, size, scheme
    "web-now": ("now", "", ".card .value", LAPTOP, "light"),
    "web-now-phone": ("now", "", ".card .value", PHONE, "dark"),
    "web-history": ("history", CHANNELS, "canvas", LAPTOP, "light"),
    "web-what-if": ("what-if", "?channel=air.temperature", "canvas", LAPTOP, "dark"),
    "web-trust": ("trust", "?event={}", ".steps", LAPTOP, "light"),
}  # fmt: skip


def main():
    """Take every picture."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        broker = Mosquitto(directory).start()
        try:
            take_all(directory, broker.url)
        finally:
            broker.stop()


def take_all(directory, broker):
    """Run the example with a page, and take the pictures of it."""
    port = free_port()
    agent = AgentProcess(directory, broker, EXAMPLE.read_text() + WEB.format(port))
    last = invent(agent.log)
    agent.start()
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/") and has_given(agent.log, last))
        browser = Chromium(directory)
        try:
            for name, picture in PICTURES.items():
                take(browser, f"http://127.0.0.1:{port}/", name, picture, last)
        finally:
            browser.close()
    finally:
        agent.stop()


def take(browser, url, name, picture, last):
    """Save one picture."""
    view, given, ready, size, scheme = picture
    browser.open("about:blank")
    browser.resize(size)
    browser.paint(scheme)
    browser.open(f"{url}#/{view}{given.format(last)}")
    eventually(lambda: browser.has(ready) and browser.run(IS_STILL))
    file = DOCS / f"{name}.webp"
    browser.screenshot(file)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


def has_given(path, offset):
    """Return whether an event log has an event with this offset."""
    with closing(LogReader(path)) as reader:
        return reader.last_offset() >= offset


def invent(path):
    """Write a day into an event log; return an offset that the agent is about to give."""
    log = EventLog.open(path, boot="an earlier one")
    with log.transaction():
        log.append(list(events(time.time() - DAY)))
        offset = log.last_offset() + 20
    log.close()
    return offset


def events(begin):
    """Yield a day with sun and clouds: readings, an alert, and what the fan did."""
    warm = False
    for n in range(0, DAY - EVERY, EVERY):
        moment = Moment(round((begin + n) * 1e6), n * 1_000_000, trusted=True)
        inside = sun(begin + n)
        yield Reading("air", moment, climate(inside, n)).event()
        values = {"temperature": round(inside / 2 + 2, 3), "humidity": 48.0}
        yield Reading("outside", moment, values).event()
        if (inside > WARM) != warm and (inside > WARM or inside < WARM - 2):
            warm = not warm
            state = "firing" if warm else "resolved"
            values, message = {"air.temperature": inside}, f"{inside:.1f} °C in the greenhouse"
            yield Alert("too_warm", state, moment, "warning", values, message).event()
            yield Switched("fan", float(warm), "too_warm", moment).event()


def sun(seconds):
    """Return the temperature of the greenhouse at a time of the day."""
    angle = (seconds % DAY / DAY - 0.625) * 2 * math.pi  # the warmest at three in the afternoon
    clouds = 0.7 * math.sin(seconds / 1500) + 0.3 * math.sin(seconds / 311)
    return round(20.5 + 8 * math.cos(angle) + clouds, 2)


def climate(temperature, n):
    """Return what the chip inside measures."""
    humidity = round(75 - 1.2 * temperature + math.sin(n / 900), 2)
    pressure = round(1013.2 + math.sin(n / 9000), 2)
    return {"temperature": temperature, "humidity": humidity, "atmospheric_pressure": pressure}


if __name__ == "__main__":
    main()

"""An agent on its thread, whose configuration a test changes."""

import json
import threading

from edge_agent.agent import Agent
from edge_agent.assembly.control import RELOAD, STOP, Control
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import attach, simulated_hardware
from edge_agent.errors import HardwareError
from edge_agent.store.reader import LogReader
from tests.configurations import shed


class Running:
    """An agent on its thread, whose configuration is changed by `reload`."""

    def __init__(self, directory, url, without=""):
        self.file, self.log = directory / "shed.toml", directory / "shed.db"
        self.archive = directory / "archive.jsonl"
        self.url, self.seen, self.missing = url, [], set()
        self.write("", without)
        blueprint = resolve(self.file)
        self.hardware = simulated_hardware(blueprint, self.file)
        real = self.hardware.i2c
        self.hardware.i2c = lambda number: self._bus(real, number)
        self.agent = Agent(
            blueprint,
            self.hardware,
            self.log,
            control=Control(),
            clock=SystemClock(),
            reread=self._reread,
            watch=self.seen.append,
        )
        self.code = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        self.code = self.agent.run()

    def _bus(self, real, number):
        if number in self.missing:
            raise HardwareError(f"/dev/i2c-{number}: there is no such bus", "enable it")
        return real(number)

    def _reread(self):
        new = resolve(self.file)
        attach(self.hardware, new)
        return new

    def write(self, more, without=""):
        text = shed(self.url)
        self.file.write_text(text.replace(without, "") + more)

    def reload(self, more, without=""):
        before = len(self.notes())
        self.write(more, without)
        self.agent.control.put(RELOAD)
        return before

    def notes(self):
        found = [json.loads(event.data) for event in self.events("lifecycle")]
        return [note["what"] for note in found if note["what"].startswith("reload")]

    def events(self, kind):
        reader = LogReader(self.log)
        try:
            return [event for event in reader.events_after(0) if event.kind == kind]
        finally:
            reader.close()

    def accounts(self):
        reader = LogReader(self.log)
        try:
            return reader.accounts()
        finally:
            reader.close()

    def stop(self):
        self.agent.control.put(STOP)
        self.thread.join(20)
        return self.code

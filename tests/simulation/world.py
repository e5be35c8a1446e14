"""One simulated world: an agent that is started again after each end, and what happens to it."""

import logging
import random
import shutil
from pathlib import Path

from edge_agent.agent import Agent
from edge_agent.assembly.control import RELOAD, STOP, Control
from edge_agent.errors import AgentError
from edge_agent.events import Event
from edge_agent.store import reader
from tests.simulation.disk import Disk
from tests.simulation.greenhouse import ADDRESSES, Greenhouse
from tests.simulation.ledger import Ledger
from tests.simulation.machine import EPOCH, SimulatedClock
from tests.simulation.network import Network
from tests.simulation.scheduler import MOST_STEPS, Scheduler

RESTART_SECONDS = 1.0
BURST, PADDING = 700, 1200  # events, and bytes of each

_logger = logging.getLogger("edge_agent.simulation")


class World:
    """The machine with its agent, the network and the brokers; the plan's driver calls it."""

    def __init__(self, seed, plan, root, ledger=Ledger, most_steps=MOST_STEPS):
        shutil.rmtree(root, ignore_errors=True)
        (root / "run").mkdir(parents=True)
        self.seed, self.settings = seed, plan.settings
        self.random = random.Random(f"{seed} world")
        self.scheduler = Scheduler(seed, most_steps)
        self.ledger = ledger(self.scheduler.note, self._seconds)
        self.network = Network(self.scheduler, self.ledger.take, ADDRESSES)
        self.disk = Disk(root, self.scheduler)
        self.disk.on_commit = self._committed
        self.log, self.memory = root / "events.db", root / "run"  # as /run, it is in memory
        self.greenhouse = Greenhouse()
        self.boots, self.lives = 0, 0
        self.unclean = []  # of each end that was none of the agent's own: had it started?
        self.damaged = self.reloaded = False
        self.clock = SimulatedClock(self.scheduler, "boot-0", trusted=plan.trusted)
        self.control = None
        self.agent = None
        self.ended = True
        self._root = root
        self.blueprint()  # outside the simulation: a mistake in it is ours

    def blueprint(self):
        """Return what the agent is configured to do now."""
        return self.greenhouse.blueprint(self._root, self.settings)

    def _seconds(self):
        return EPOCH + self.scheduler.now

    def _committed(self, connection):
        if Path(connection.file) == self.log:
            self.ledger.commit(connection)

    def start(self):
        """Start the agent, in a process of its own."""
        self.lives += 1
        self.scheduler.life += 1
        self.control, self.agent, self.ended = Control(), None, False
        self.ledger.begin_life()
        self.scheduler.spawn("main", self._live)

    def _live(self):
        try:
            self.agent = Agent(
                self.blueprint(),
                self.greenhouse,
                self.log,
                control=self.control,
                clock=self.clock,
                reread=self.blueprint,
            )
            code = self.agent.run()
            if code:  # it may not have closed its log
                self.unclean.append(False)
            self.scheduler.note(f"the agent ends with {code}")
        except AgentError as error:
            _logger.info("the agent does not start: %s", error)
        except Exception as error:
            self.ledger.problem(f"the agent fails: {error!r}")
            _logger.exception("the agent fails")
        self.ended = True

    def wait(self, seconds, ready=lambda: False):
        """Let the world go on; an agent that ends is started again."""
        until = self.scheduler.now + seconds
        while self.scheduler.now < until and not ready():
            self.scheduler.drive(until - self.scheduler.now, ready=lambda: self.ended or ready())
            if self.ended:
                self._settle()
                self.scheduler.drive(RESTART_SECONDS)
                self.start()

    def go(self, steps):
        """Let the world go on for some steps."""
        self.scheduler.drive(5.0, steps, ready=lambda: self.ended)

    def last_offset(self):
        return max((one.offset for one in self.ledger.committed), default=0)

    def is_checked(self):
        """Return whether the whole log was found sound in this boot."""
        return self.agent is not None and self.agent._flow._recording._recorder._log.checked

    def has_delivered(self, offset):
        """Return whether every sink has got everything up to an offset."""
        found = reader.LogReader(self.log)
        try:
            accounts = found.accounts().values()
        finally:
            found.close()
        return all(one.cursor >= offset for one in accounts if one.configured)

    def causes(self):
        """Return the reasons for which events may be dropped in this world."""
        found = {
            "max_size": self.settings.max_size == "1MB",
            "thinned": self.settings.max_size == "1MB",
            "damaged": self.damaged,
            "disk_full": self.disk.was_full,
            "not configured": self.reloaded,
        }
        return {reason for reason, possible in found.items() if possible}

    def kinds(self, sink):
        """Return the kinds of event that a sink wants."""
        sinks = self.blueprint().sinks
        return next(one.plan.kinds for one in sinks if one.plan.name == sink)

    def read_archive(self):
        """Take what is in the file sink's file into the ledger."""
        file = self._root / "archive.jsonl"
        if file.exists():
            self.ledger.take_lines(file.read_bytes().splitlines())

    def end(self):
        """End every thread, and remove the disk."""
        self.scheduler.kill()
        self.disk.release()
        shutil.rmtree(self._root, ignore_errors=True)

    def stop(self):
        """Ask the agent to stop, and wait for its end; return whether it came."""
        self.control.put(STOP)
        self.scheduler.drive(30.0, ready=lambda: self.ended)
        ended = self.ended
        if not ended:
            self.unclean.append(False)
        self._settle()
        return ended

    def kill(self):
        """End the process; the kernel keeps what was written, and closes its connections."""
        self._end(self.disk.image())

    def cut_power(self):
        """End everything; the disk keeps what was synced."""
        self._end(self.disk.image_after_power_cut(), power=True)
        self._boot()

    def _boot(self):
        self.boots += 1
        offset = self.clock.offset
        self.clock = SimulatedClock(
            self.scheduler, f"boot-{self.boots}", trusted=self.random.random() < 0.7
        )
        self.clock.offset = offset
        if not self.clock.trusted:
            clock = self.clock
            self.scheduler.at(self.scheduler.now + 15.0, lambda: setattr(clock, "trusted", True))
        for path in self.memory.iterdir():
            path.unlink()

    def damage(self):
        """End everything, and find a page of the log destroyed."""
        image = self.disk.image_after_power_cut()
        content = bytearray(image.get(self.log.name, (b"", b""))[0])
        if len(content) > 4096:
            page = self.random.randrange(1, len(content) // 1024) * 1024
            content[page : page + 1024] = self.random.randbytes(1024)
            image[self.log.name] = (bytes(content), bytes(content))
            self.damaged = True
        self._end(image, power=True)
        self._boot()

    def _end(self, image, *, power=False):
        self.unclean.append(self.ledger.has_started and not self.ended)
        self.network.abandon(cut=power)
        self.scheduler.kill()
        self.disk.release()
        self.disk.restore(image)
        self.ended = True

    def _settle(self):
        """Close what an agent that has ended left open: its threads may still wait."""
        self.network.abandon(cut=False)
        image = self.disk.image()
        self.scheduler.kill()
        self.disk.release()
        self.disk.restore(image)

    def burst(self, part):
        """Record many large events at once."""
        if self.agent is None or self.ended:
            return
        record, take = self.agent._flow.records.put, self.greenhouse.next_count
        moment, count = self.clock.now(), round(BURST * part)
        padding = {"quality": "good", "detail": "x" * PADDING}
        for _ in range(3):
            events = [
                Event("reading", "burst", moment, {"values": {"count": take()}, **padding})
                for _ in range(count)
            ]
            record(events)

    def reload(self):
        """Add or remove the file sink, in the configuration and in the running agent."""
        self.settings = self.settings._replace(archive=not self.settings.archive)
        self.reloaded = True
        self.control.put(RELOAD)

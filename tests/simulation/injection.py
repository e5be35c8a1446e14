"""Puts the faults of a plan into a world, and takes them back."""

from collections import Counter

from tests.simulation.network import LATENCY

SMALLEST_LIMIT = 2000  # bytes: every single event is smaller


class Injection:
    """Carries out a plan's faults; `injected` counts them by kind."""

    def __init__(self, world):
        self.injected = Counter()
        self._world = world
        self._ends = []  # (time, action)

    def until(self, time):
        """Let the world go on until a time; faults end when it is time."""
        now = lambda: self._world.scheduler.now  # noqa: E731
        self._ends.sort(key=lambda end: end[0])
        while self._ends and self._ends[0][0] <= time:
            then, action = self._ends.pop(0)
            self._world.wait(then - now())
            action()
        self._world.wait(time - now())

    def end_all(self):
        for _, action in self._ends:
            action()
        self._ends = []

    def inject(self, fault):
        """Let it happen, some steps from now."""
        self._world.go(fault.steps)
        self.injected[fault.kind] += 1
        self._world.scheduler.note(fault.kind)
        end = getattr(self, "_" + fault.kind.replace(" ", "_"))(fault)
        if end is not None:
            self._ends.append((self._world.scheduler.now + fault.seconds, end))

    # What ends at once.

    def _kill(self, _fault):
        self._world.kill()

    def _power_cut(self, _fault):
        self._world.cut_power()

    def _damage(self, _fault):
        self._world.damage()

    def _stop(self, _fault):
        if not self._world.ended:
            self._world.stop()

    def _cut(self, _fault):
        for broker in self._world.network.brokers.values():
            broker.cut()

    def _clock_jump(self, fault):
        self._world.clock.offset += (fault.value - 0.5) * 7200

    def _burst(self, fault):
        self._world.burst(fault.value)

    def _reload(self, _fault):
        self._world.reload()

    # What lasts: these return how it ends.

    def _disk_full(self, _fault):
        return self._set(self._world.disk, "full", True)

    def _disk_error(self, _fault):
        return self._set(self._world.disk, "failing", True)

    def _partition(self, _fault):
        self._world.network.partitioned = True
        return self._world.network.heal

    def _broker_down(self, _fault):
        return self._down("first")

    def _second_broker_down(self, _fault):
        return self._down("second")

    def _slow_network(self, fault):
        return self._set(self._world.network, "latency", 0.01 + fault.value, LATENCY)

    def _packet_limit(self, fault):
        return self._everywhere("max_packet", round(SMALLEST_LIMIT + 20_000 * fault.value**3))

    def _not_authorized(self, _fault):
        return self._everywhere("denied", True)

    def _quota(self, _fault):
        return self._everywhere("quota", True)

    def _repeated_acks(self, _fault):
        return self._everywhere("repeats", True)

    def _stalled_thread(self, fault):
        names = sorted(set(self._world.scheduler.names()) - {"main"})
        if not names:
            return None
        name, stall = names[int(fault.value * len(names))], self._world.scheduler.stall
        stall(name, fault.seconds)
        return lambda: stall(name, 0.0)

    def _down(self, address):
        broker = self._world.network.brokers[address]
        broker.stop()
        return lambda: setattr(broker, "up", True)

    def _everywhere(self, name, value):
        """Let the brokers change, and their clients connect again to learn of it."""
        ends = [self._set(one, name, value) for one in self._world.network.brokers.values()]
        if name == "max_packet":
            self._cut(None)
        return lambda: [end() for end in ends]

    def _set(self, owner, name, value, normal=False):
        setattr(owner, name, value)
        return lambda: setattr(owner, name, normal)

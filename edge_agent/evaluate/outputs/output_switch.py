"""One output's hardware: what it was asked for, and what it is known to do."""

from collections.abc import Iterator
from typing import NamedTuple

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.outputs.arbitration import SAFE, Held
from edge_agent.evaluate.outputs.switching import GuardedOutput, Setting, SettingResult
from edge_agent.events import Switched

DEADLINE = 1_000_000  # µs: an output that takes longer is reported, and is unknown to the rules


class _Awaited(NamedTuple):
    """A value that was asked for; `since` is the uptime in µs of the oldest unanswered request."""

    value: float
    number: int
    since: int


class OutputSwitch:
    """Asks the hardware of one output for values, and reports what it does once that is certain.

    `numbers` are those of the settings, unique among all outputs.
    """

    def __init__(self, output: GuardedOutput, numbers: Iterator[int]) -> None:
        self.output = output
        self._numbers = numbers
        self._awaited: _Awaited | None = None
        self._release = 0  # the number of the setting that releases the line, if it is awaited
        self._value: float | None = None  # as the hardware has confirmed; None if unknown
        self._error = ""
        self._reported: tuple[float, str, str] | None = None  # value, by and error

    @property
    def value(self) -> float | None:
        """The value that is known: the last one until another is confirmed; None if there is none.

        It is None, too, while an error stands.
        """
        return None if self._reported is None or self._reported[2] else self._value

    @property
    def error(self) -> str:
        """Why the hardware does not follow; empty if it does, or may still."""
        return self._error

    @property
    def waits(self) -> bool:
        """Whether a result is awaited."""
        return self._awaited is not None or bool(self._release)

    @property
    def safe(self) -> Held:
        """What it does at a stop, and once it is removed."""
        return Held(self.output.guard.safe, SAFE, 0)

    @property
    def off(self) -> bool:
        """Whether it is certain that the output is off."""
        return self.stands_at(0.0)

    @property
    def due_at(self) -> int:
        """The uptime in µs at which it is late."""
        late = self._awaited is not None and not self._error
        return self._awaited.since + DEADLINE if self._awaited and late else NEVER

    def stands_at(self, value: float) -> bool:
        """Return whether the hardware has confirmed this value, and nothing else is asked of it."""
        return self._awaited is None and self._value == value

    def awaits(self, number: int) -> bool:
        """Return whether a result is the one that is awaited; others are out of date."""
        return number in {self._release, self._awaited.number if self._awaited else 0}

    def follow(self, held: Held, moment: Moment) -> Switched | None:
        """Ask for a value, also if the last attempt failed; return what is new."""
        asked = self._awaited is not None and self._awaited.value == held.value
        if not asked and not self.stands_at(held.value):
            self._ask(held.value, moment)
        return self.check(held, moment)

    def check(self, held: Held, moment: Moment) -> Switched | None:
        """Report the output if it is late, or anything else that is new."""
        if moment.uptime >= self.due_at:
            self._error = self._late(DEADLINE)
        return self._report(held, moment)

    def refuse(self, held: Held, moment: Moment, error: str) -> Switched | None:
        """Report why a value is not even asked for."""
        return self._report_error(held, moment, error)

    def take(self, result: SettingResult, held: Held) -> Switched | None:
        """Take a result that is awaited; return what is new."""
        if result.number == self._release:
            return self._released(result)
        self._settle(result)
        return self._report(held, result.moment)

    def release(self, moment: Moment) -> Switched | None:
        """Release the line, after what was asked before; return an error."""
        self._release = next(self._numbers)
        setting = Setting(self.output.name, self.output.driver, None, self._release)
        result = self.output.switcher.switch(setting, moment)
        return None if result is None else self._released(result)

    def give_up(self, moment: Moment) -> Switched | None:
        """Report a safe state that was asked for and has not been confirmed."""
        if self._awaited is None:
            return None
        self._error = self._error or self._late(moment.uptime - self._awaited.since)
        return self._report(Held(self._awaited.value, SAFE, 0), moment)

    def _ask(self, value: float, moment: Moment) -> None:
        since = moment.uptime if self._awaited is None else self._awaited.since
        output = self.output
        setting = Setting(output.name, output.driver, value, next(self._numbers))
        self._awaited = _Awaited(value, setting.number, since)
        result = output.switcher.switch(setting, moment)
        if result is not None:
            self._settle(result)

    def _settle(self, result: SettingResult) -> None:
        awaited, self._awaited = self._awaited, None
        self._error = result.error
        self._value = None if result.error or awaited is None else awaited.value

    def _released(self, result: SettingResult) -> Switched | None:
        self._release = 0
        self._error = self._error or result.error
        if not result.error:
            return None
        return self._report_error(self.safe, result.moment, result.error)

    def _late(self, micros: int) -> str:
        place = self.output.switcher.name
        return f"not switched within {micros / 1e6:.0f} s: {place} does not answer"

    def _report(self, held: Held, moment: Moment) -> Switched | None:
        certain = self._error or self.stands_at(held.value)
        return self._report_error(held, moment, self._error) if certain else None

    def _report_error(self, held: Held, moment: Moment, error: str) -> Switched | None:
        report = (held.value, held.by, error)
        if report == self._reported:  # the same error has been reported
            return None
        self._reported = report
        return Switched(self.output.name, held.value, held.by, moment, error)

"""Commands as a broker hands them over: each is carried out or answered, and costs little."""

import json
import struct
from queue import SimpleQueue
from types import SimpleNamespace

from paho.mqtt.client import MQTTMessage

from edge_agent.clock import ManualClock
from edge_agent.deliver.mqtt.commands import CommandTopics, properties
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.command import KINDS, Command
from edge_agent.evaluate.commands.execute import CommandExecutor
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.engine_items import EvaluationParts
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.rules.rule import Rule, spans
from edge_agent.evaluate.rules.rule_set import RuleSet
from edge_agent.evaluate.saved_state import save_state
from edge_agent.events import Answer, Event, Finished, Reading, SavedState
from fuzzing.input import Input

KNOWN = {"air.t": Known("numeric", -40, 85, "°C"), "warm": Known(key="hot:warm")}
LARGEST_ANSWER = 2_000  # bytes; results of other threads have their own limits
LARGEST_EVENT = 15_000  # bytes: a command's arguments, which are at most 10 kB, and a reason
MOST_REQUESTS = 8  # fewer than are let in at once: each gets an answer
PREFIX = "edge/n/command"


class Relay:
    """An output that notes what it is set to."""

    def __init__(self) -> None:
        self.applied: list[float] = []

    def apply(self, value: float) -> None:
        """Note the value."""
        self.applied.append(value)

    def state(self) -> float:
        """Return the last value."""
        return self.applied[-1]

    def close(self) -> None:
        """Do nothing."""


class Commanded:
    """An engine with a rule and a relay, which takes commands as the agent's does."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.clock = ManualClock()
        self.inbox: SimpleQueue = SimpleQueue()
        self.relay = Relay()
        self.answers: list[Answer] = []
        self.records: list[Event | SavedState] = []
        self.delegated: list[str] = []
        self.requests = 0
        when = parse("air.t > warm", KNOWN)
        rules = [Rule("hot", when, settings={"fan": 1.0}, thresholds={"warm": 30})]
        self.engine = Engine(
            self.inbox,
            self._parts(rules, allowed),
            answer=self.answers.append,
            record=self.records.extend,
            show=lambda _: None,
            clock=self.clock,
            progress=lambda: None,
        )
        self.engine.begin(self.clock.now())

    def _parts(self, rules: list[Rule], allowed: tuple[str, ...]) -> EvaluationParts:
        current = CurrentValues({"air": DevicePlan({}, 10.0)}, spans(rules), began=0)
        rule_set = RuleSet(rules, {}, current, lambda *given: save_state(*given, boot="b"))
        outputs = OutputSet([GuardedOutput("fan", self.relay, Guard())])
        executor = CommandExecutor(
            allowed,
            rule_set,
            outputs,
            bounds=Bounds({("hot", "warm"): (0, 100)}, {"air": (400, 2000)}),
            delegate=self._delegate,
        )
        return EvaluationParts(current, rule_set, outputs, executor)

    def _delegate(self, _command: Command, key: str) -> None:
        self.delegated.append(key)


def target(data: bytes) -> None:
    """Send some messages; finish, at times, what is delegated."""
    source = Input(data)
    allowed = source.choice((tuple(KINDS), ("read", "diagnostics")))
    commanded = Commanded(allowed)
    topics = CommandTopics("edge/n", ("my/",))
    for _ in range(MOST_REQUESTS):
        request = topics.request(_message(source))
        if request is not None:
            commanded.inbox.put(request)
            commanded.requests += 1
        _continue(commanded, source)
        if not source.left:
            break
    _check(commanded, allowed)


def _message(source: Input) -> MQTTMessage:
    name = source.choice((*KINDS, None)) or source.text()
    message = MQTTMessage(topic=f"{PREFIX}/{name}".encode(errors="replace"))
    given = {"ResponseTopic": source.text(), "CorrelationData": source.take(source.number(64))}
    message.properties = SimpleNamespace(**{key: value for key, value in given.items() if value})
    message.retain = source.number(8) == 7
    message.payload = source.take(min(source.number(65_536), source.left))
    return message


def _continue(commanded: Commanded, source: Input) -> None:
    what = source.number(8)
    if what == 1 and commanded.delegated:
        commanded.inbox.put(Finished(commanded.delegated.pop(), {"a": source.text()}))
    elif what == 2:
        value = struct.unpack("<f", source.take(4))[0]
        commanded.inbox.put(Reading("air", commanded.clock.now(), {"t": value}))
    commanded.engine.take(0)
    commanded.clock.advance(source.choice((0.5, 0.0, 5.0, 100.0, 90_000.0)))
    commanded.engine.take(0)


def _check(commanded: Commanded, allowed: tuple[str, ...]) -> None:
    assert len(commanded.answers) >= commanded.requests
    for answer in commanded.answers:
        assert len(answer.payload) <= LARGEST_ANSWER
        assert json.loads(answer.payload)["state"] in {"accepted", "done", "failed", "refused"}
        assert answer.topic.startswith(("my/", "edge/n/"))
        struct.pack("!H", len(answer.topic.encode()))
        properties(answer).pack()
    for record in commanded.records:
        if isinstance(record, Event):
            assert len(json.dumps(record.data)) <= LARGEST_EVENT
    if "set" not in allowed:
        assert set(commanded.relay.applied) <= {0.0, 1.0}  # what the rule asks for


def _seed(kind: int, payload: bytes, topic: bytes = b"my/x") -> bytes:
    head = bytes([0, kind, len(topic)]) + topic + b"\x02id\0"
    return head + len(payload).to_bytes(4) + payload + b"\1\0"


PAYLOADS = {
    "read": b'{"device": "air", "id": "1"}',
    "set": b'{"output": "fan", "value": "on", "for": 5}',
    "acknowledge": b'{"rule": "hot", "expires": "2999-01-01T00:00:00Z"}',
    "silence": b'{"rule": "hot", "for": 0}',
    "enable": b'{"rule": "hot"}',
    "disable": b'{"rule": "hot", "id": "a"}',
    "threshold": b'{"rule": "hot", "threshold": "warm", "value": 1e1}',
    "calibrate": b'{"device": "air", "value": 420, "id": "c"}',
    "diagnostics": b"{}",
    "reload": b"",
}
SEEDS = [_seed(list(KINDS).index(name), payload) for name, payload in PAYLOADS.items()]
SEEDS += [seed * 2 for seed in SEEDS] + [_seed(1, b"[" * 5000), _seed(1, b'{"id": ' + b"9" * 5000)]
SEEDS += [_seed(2, b'{"output": "fan", "value": %s, "for": 5}' % value)
          for value in (b"0.5", b"1e999", b"-0", b"NaN", b"true", b'"on"')]  # fmt: skip

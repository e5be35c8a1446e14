"""Broker faults: what real brokers refuse, forget and limit, and what a hostile one does."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import paho.mqtt.client as paho
from lab.waiting import eventually

from tests.torture.fault import Fault
from tests.torture.faults.link import BROKERS, Links, linked
from tests.torture.hostile import PACKETS, garbage
from tests.torture.mqtt_proxy import WELL, Mood, MqttProxy
from tests.torture.proxy import GOOD, THERE, Conditions, Proxy
from tests.torture.rig import Rig
from tests.torture.row import Row

AWAY = Conditions(refuses=True)
DEAF = Conditions(swallows=frozenset({THERE}))
ACCOUNTED = 1.5  # s, after which the log knows of every acknowledgement
QUOTA, BUSY, NOT_AUTHORIZED = 0x97, 0x89, 0x87
MAX_CONNECTIONS = 4
OPEN = "topic readwrite #\n"
# Everybody may read; the agent may say that it is there, but not publish its events.
CLOSED = "topic read #\ntopic write edge/torture/status\ntopic write edge/torture/info\n"
# With 0, which stands for no limit, mosquitto 2.0.11 ends the connection at every refusal.
HANGS_ON = "max_queued_messages 1000000\n"
SPEAK_3_1_1 = ("catch_up = 0", "catch_up = 0\nversions = [4]")


def restart(rig: Rig, name: str, extra: str) -> Row:
    """Kill and restart the first broker; the agent comes back once its listener has.

    Events are on their way to it. What it has acknowledged is with its listener: it would be lost
    by the broker, which keeps nothing, and not by the agent.
    """
    with linked(rig, Proxy, extra={"mqtt": extra}) as links:
        for _ in range(rig.times(3)):
            rig.let_pass(rig.chances.uniform(0.2, 1.0))
            links.proxies["mqtt"].be(DEAF)
            rig.let_pass(ACCOUNTED)
            eventually(lambda: links.arrived("mqtt") >= rig.accounts()["mqtt"].delivered)
            rig.brokers["mqtt"].kill()
            links.proxies["mqtt"].be(AWAY)
            rig.listeners["mqtt"].ready.clear()
            rig.brokers["mqtt"].start()
            assert rig.listeners["mqtt"].ready.wait(60)
            links.proxies["mqtt"].be(GOOD)
            links.recover()
        return links.finish(name, rig.times(3))


def refuse(rig: Rig) -> Row:
    """Refuse events for reasons that pass, and accept them again in the same session."""
    with linked(rig, MqttProxy) as links:
        for reason in (QUOTA, BUSY, NOT_AUTHORIZED)[: rig.times(3)]:
            for proxy in links.proxies.values():
                proxy.mood = Mood(refusal=reason)
            links.grows("refused", rig.times(5))
            for proxy in links.proxies.values():
                proxy.mood = WELL
            links.recover()
        assert rig.agent.says("Quota exceeded")
        note = "quota, busy, not authorized"
        count = links.total("refused")
        return links.finish("refusals that pass", count, note, may_reorder=True)


@contextmanager
def with_rights(rig: Rig, **given: object) -> Iterator[Links[Proxy]]:
    """Begin with a first broker that permits everything, for now."""
    rights = rig.directory / "rights"
    rights.write_text(OPEN)
    extra = {"mqtt": f"acl_file {rights}\n{HANGS_ON}"}
    with linked(rig, Proxy, extra=extra, **given) as links:
        yield links


def permit(rig: Rig, rights: str) -> None:
    (rig.directory / "rights").write_text(rights)
    rig.brokers["mqtt"].reload()


def deny(rig: Rig) -> Row:
    """Take the agent's rights away, and give them back."""
    with with_rights(rig) as links:
        for _ in range(rig.times(2)):
            permit(rig, CLOSED)
            eventually(lambda: rig.accounts()["mqtt"].waiting > 1000 * rig.scale)
            permit(rig, OPEN)
            links.recover()
        assert rig.agent.says("Not authorized")
        return links.finish("access rights taken away", rig.times(2), may_reorder=True)


def deny_invisibly(rig: Rig) -> Row:
    """Do it in MQTT 3.1.1: such a broker acknowledges, and drops; only an audit sees it.

    What is lost in this row is what the audit does not find in the events that arrived.
    """
    with with_rights(rig, changes=[SPEAK_3_1_1]) as links:
        permit(rig, CLOSED)
        begun = rig.accounts()["mqtt"].delivered
        eventually(lambda: rig.accounts()["mqtt"].delivered > begun + 1000 * rig.scale)
        permit(rig, OPEN)
        links.recover()
        row = links.finish("access rights taken away (MQTT 3.1.1)", 1)
        arrived = {one.offset for one in rig.listeners["mqtt"].arrivals()}
        missed = max(arrived) - len(arrived)  # the audit: every offset from 1 on has to arrive
        delivered = rig.accounts()["mqtt"].delivered
        assert missed > 0, "the broker has dropped nothing"
        note = f"{missed} events that the broker acknowledged and dropped, found by an audit"
        adds_up = delivered == len(arrived) + missed
        return replace(row, lost=row.lost - missed, adds_up=adds_up, note=note)


def limit_packets(rig: Rig, name: str, changes: Sequence[tuple[str, str]] = ()) -> Row:
    """Have backlogs that fit into batches of 100, but not into the second broker's packets."""
    extra = {"cloud": "max_packet_size 3000\n"}
    with linked(rig, Proxy, max_batch=100, extra=extra, changes=changes) as links:
        for _ in range(rig.times(2)):
            links.be(AWAY)
            eventually(lambda: all(rig.accounts()[name].waiting > 300 for name in BROKERS))
            links.be(GOOD)
            links.recover()
        return links.finish(name, rig.times(2))


def take_over(rig: Rig) -> Row:
    """Let another client connect with the agent's id, which ends the agent's session."""
    with linked(rig, Proxy) as links:
        for _ in range(rig.times(4, least=2)):
            with client(rig, "mqtt", "edge-torture") as ended:
                links.recover()
                assert ended.wait(60), "the agent has not taken its id back"
        assert rig.agent.says("another client may have the id 'edge-torture'")
        return links.finish("taken over by another client", rig.times(4, least=2))


@contextmanager
def client(rig: Rig, broker: str, client_id: str = "") -> Iterator[threading.Event]:
    """Connect a client that does nothing; the event is set when it is disconnected."""
    connected, ended = threading.Event(), threading.Event()
    one = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
    )
    one.on_connect = lambda _c, _d, _f, code, _p: code.is_failure or connected.set()
    one.on_disconnect = lambda *_: ended.set()
    one.connect("127.0.0.1", rig.brokers[broker].port)
    one.loop_start()
    try:
        eventually(lambda: connected.is_set() or ended.is_set())
        yield ended
    finally:
        one.disconnect()
        one.loop_stop()


def fill_up(rig: Rig) -> Row:
    """Let others take all connections that the first broker has."""
    extra = {"mqtt": f"max_connections {MAX_CONNECTIONS}\n"}
    with linked(rig, Proxy, extra=extra) as links:
        for _ in range(rig.times(2)):
            occupy(rig, links.proxies["mqtt"])
            links.recover()
        return links.finish("no connection left", rig.times(2))


def occupy(rig: Rig, proxy: Proxy) -> None:
    """Take the agent's connection and those that are left; give them back later."""
    proxy.be(AWAY)
    with ExitStack() as others:
        full, n = False, 0
        while not full:
            n += 1
            full = others.enter_context(client(rig, "mqtt", f"other-{n}")).is_set()
        before = proxy.accepted
        proxy.be(GOOD)
        eventually(lambda: proxy.accepted >= before + 3)


def become(links: Links[MqttProxy], mood: Mood) -> None:
    """Change the brokers' mood, for connections that begin then."""
    for proxy in links.proxies.values():
        proxy.mood = mood
        proxy.reset()


def hang_up(rig: Rig) -> Row:
    """End each connection right after the CONNACK."""
    with linked(rig, MqttProxy) as links:
        before = links.total("accepted")
        become(links, Mood(hangs_up=True))
        links.grows("accepted", rig.times(5, least=2))
        injected = links.total("accepted") - before
        become(links, WELL)
        links.recover()
        return links.finish("hangs up right after CONNACK", injected)


def attack(rig: Rig) -> Row:
    """Send what no broker may send after the CONNACK, then be a good one."""
    hostile = rig.chances.sample([*PACKETS, *garbage(rig.chances, 4)], rig.times(8, least=2))
    with linked(rig, MqttProxy) as links:
        for packet in hostile:
            become(links, Mood(greeting=packet))
            links.grows("greeted", 1)
        become(links, WELL)
        links.recover()
        return links.finish("hostile, then a good one", links.total("greeted"))


FAULTS: tuple[Fault, ...] = (
    Fault(
        "broker",
        "forgets",
        partial(restart, name="restart without persistence", extra="persistence false\n"),
    ),
    Fault(
        "broker",
        "no-retain",
        partial(restart, name="no retained messages", extra="retain_available false\n"),
    ),
    Fault("broker", "quota", refuse, short=True),
    Fault("broker", "rights", deny, short=True),
    Fault("broker", "rights-3.1.1", deny_invisibly),
    Fault("broker", "small-packets", partial(limit_packets, name="packets of 3000 bytes")),
    Fault(
        "broker",
        "small-packets-3.1.1",
        partial(limit_packets, name="the same, not announced", changes=[SPEAK_3_1_1]),
    ),
    Fault("broker", "takeover", take_over),
    Fault("broker", "full", fill_up),
    Fault("broker", "hangs-up", hang_up),
    Fault("broker", "hostile", attack, short=True),
)

"""TLS and the login by certificate, with a real RabbitMQ."""

import threading

import pytest
from lab.broker import free_port

from edge_agent.deliver.amqp.check import check
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.sink import SINK
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import build_sink, deliver_all, logged
from tests.buses.amqp_queue import taken
from tests.buses.servers.certificates import Certificates
from tests.buses.servers.rabbitmq import RabbitMQ

EVENTS = [logged("reading", n, {"n": n}) for n in range(1, 4)]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory, epmd, certificates):
    """A node with TLS, which takes a certificate for a login, and the port of TLS."""
    certificate, key = certificates.issue("rabbit")
    node, port = RabbitMQ(tmp_path_factory.mktemp("tls"), epmd), free_port()
    node.configure(
        f"listeners.ssl.local = 127.0.0.1:{port}",
        f"ssl_options.cacertfile = {certificates.ca}",
        f"ssl_options.certfile = {certificate}",
        f"ssl_options.keyfile = {key}",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = false",
        "ssl_cert_login_from = common_name",
        "auth_mechanisms.1 = PLAIN",
        "auth_mechanisms.2 = EXTERNAL",
    )
    node.start()
    node.control("add_user", "greenhouse", "unused")
    node.control("set_permissions", "greenhouse", ".*", ".*", ".*")
    yield node, port
    node.stop()


@pytest.fixture
def sink(tls):
    sinks = []

    def make(*, url=f"amqps://127.0.0.1:{tls[1]}", **options):
        plan = SinkPlan("rabbit", (url,), AmqpOptions(queue="safe", **options))
        sinks.append(build_sink(plan, threading.Event()))
        sinks[-1].open()
        return sinks[-1], plan

    yield make
    for one in sinks:
        one.close()


def test_events_arrive_over_tls(tls, sink, certificates):
    one, plan = sink(ca=str(certificates.ca))
    assert list(check(plan)) == list(SINK.reach(plan, "greenhouse")) == []
    deliver_all(one, EVENTS)
    assert len(taken(tls[0].port, "safe")) == 3


def test_a_certificate_alone_is_a_login(tls, sink, certificates):
    certificate, key = certificates.issue("greenhouse")
    one, plan = sink(ca=str(certificates.ca), certificate=str(certificate), key=str(key))
    assert list(check(plan)) == list(SINK.reach(plan, "greenhouse")) == []
    deliver_all(one, EVENTS)
    assert len(taken(tls[0].port, "safe")) == 3


def test_a_certificate_without_a_user_is_refused_as_a_login(sink, certificates):
    certificate, key = certificates.issue("stranger")
    login = {"certificate": str(certificate), "key": str(key)}
    one, _ = sink(ca=str(certificates.ca), **login)
    with pytest.raises(SinkUnavailable, match="refuses the login"):
        one.deliver(EVENTS)


def test_a_broker_whose_ca_is_unknown_gets_nothing(sink, tmp_path):
    one, plan = sink(ca=str(Certificates(tmp_path, "other").ca))
    with pytest.raises(SinkUnavailable, match=r"certificate is not accepted: .*set ca"):
        one.deliver(EVENTS)
    assert [problem.key for problem in SINK.reach(plan, "greenhouse")] == ["url"]


def test_the_port_of_the_other_protocol_is_named(tls, sink):
    one, _ = sink(url=f"amqps://127.0.0.1:{tls[0].port}")
    with pytest.raises(SinkUnavailable, match="check the port: 5671"):
        one.deliver(EVENTS)
    one, _ = sink(url=f"amqp://127.0.0.1:{tls[1]}")
    with pytest.raises(SinkUnavailable, match="amqps://"):
        one.deliver(EVENTS)

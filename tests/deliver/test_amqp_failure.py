import socket
import ssl

import pytest
from pika import exceptions as pika
from pika.adapters.utils import connection_workflow as workflow

from edge_agent.deliver.amqp.failure import channel_failure, connection_failure, largest_message


def wrapped(error, kind=workflow.AMQPConnectorSocketConnectError):
    """Wrap an error as pika hands it over."""
    return pika.AMQPConnectionError(workflow.AMQPConnectionWorkflowFailed([kind(error)]))


def shaken(error):
    return workflow.AMQPConnectionWorkflowFailed([workflow.AMQPConnectorAMQPHandshakeError(error)])


LOGIN = pika.ProbableAuthenticationError(
    "ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused'"
)
VHOST = pika.ProbableAccessDeniedError(
    "ConnectionClosedByBroker: (530) 'NOT_ALLOWED - vhost farm not found'"
)
CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (wrapped(ConnectionRefusedError(111, "refused")), "nothing listens", "start the broker"),
        (wrapped(socket.gaierror(-2, "not known")), "no address: not known", "correct the name"),
        (wrapped(TimeoutError("timed out")), "nothing answers there", "tries again"),
        (
            workflow.AMQPConnectionWorkflowFailed([workflow.AMQPConnectorStackTimeout("10 s")]),
            "nothing answers there",
            "tries again",
        ),
        (wrapped(CERTIFICATE), "certificate is not accepted", "set ca"),
        (wrapped(ssl.SSLError(1, "WRONG_VERSION_NUMBER")), "TLS failed", "5671 is usual"),
        (shaken(LOGIN), "refuses the login: ACCESS_REFUSED - Login", "password_file"),
        (shaken(VHOST), "virtual host: NOT_ALLOWED - vhost farm", "end of url"),
        (shaken(pika.IncompatibleProtocolError("x")), "does not speak AMQP", "amqps://"),
        (shaken(pika.AuthenticationError("EXTERNAL")), "this kind of login", "a password"),
        (pika.AMQPHeartbeatTimeout("no heartbeats"), "heartbeats are missing", "tries again"),
        (
            pika.ConnectionClosedByBroker(320, "CONNECTION_FORCED - shutdown"),
            "closed the connection: CONNECTION_FORCED - shutdown",
            "tries again",
        ),
        (pika.StreamLostError("reset"), "the connection broke", "tries again"),
        (wrapped(OSError(113, "No route to host")), "No route to host", "tries again"),
        (
            pika.StreamLostError("Stream connection lost: OSError(5)", OSError(5, "I/O error")),
            "the connection broke: I/O error",
            "tries again",
        ),
        (
            wrapped(pika.ConnectionOpenAborted("Connection.close() called before", "x=(1, 2)")),
            "nothing answers there",
            "tries again",
        ),
        (pika.ProtocolVersionMismatch("a", "b"), "does not speak AMQP", "correct the port"),
        (ValueError("new in pika"), "the connection failed: new in pika (ValueError)", "again"),
        (pika.AMQPError(7), "the connection failed: no reason given (AMQPError)", "again"),
    ],
)
def test_the_true_reason_of_a_lost_connection_is_said_with_a_remedy(error, what, remedy):
    failure = connection_failure(error)
    assert what in failure.what
    assert remedy in failure.remedy


@pytest.mark.parametrize(
    ("code", "text", "remedy"),
    [
        (403, "ACCESS_REFUSED - access to exchange 'edge' refused", "rabbitmqctl set_permissions"),
        (404, "NOT_FOUND - no queue 'q' in vhost '/'", "declare = true"),
        (406, "PRECONDITION_FAILED - inequivalent arg", "declare = false"),
        (541, "INTERNAL_ERROR", "tries again"),
    ],
)
def test_the_broker_s_own_words_say_why_it_closed_a_channel(code, text, remedy):
    failure = channel_failure(pika.ChannelClosedByBroker(code, text))
    assert text in failure.what
    assert remedy in failure.remedy


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (
            "PRECONDITION_FAILED - message size 70000 is larger than configured max size 65536",
            65536,
        ),
        (
            "PRECONDITION_FAILED - message size 134217729 is larger than max size 134217728",
            134217728,
        ),
        ("PRECONDITION_FAILED - inequivalent arg 'durable'", None),
    ],
)
def test_the_largest_message_of_a_broker_is_read_from_its_words(text, limit):
    assert largest_message(pika.ChannelClosedByBroker(406, text)) == limit

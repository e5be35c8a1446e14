"""Why a broker takes nothing, in plain English, from what pika and RabbitMQ say."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TypeAlias

from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout

from edge_agent.deliver.amqp.publication import TRY_AGAIN, BrokerFailure

TOO_LARGE = re.compile(r"message size (\d+) is larger than (?:configured )?max size (\d+)")


def largest_message(error: BaseException) -> int | None:
    """Return the broker's limit in bytes, if that is why it closed a channel."""
    found = TOO_LARGE.search(str(error))
    return int(found[2]) if found else None


def connection_failure(error: BaseException) -> BrokerFailure:
    """Return why there is no connection, or no longer."""
    for cause in _causes(error):
        for kind, explain in CONNECTION:
            if isinstance(cause, kind):
                return explain(cause)
    return unexpected(error)


def unexpected(error: BaseException, remedy: str = TRY_AGAIN) -> BrokerFailure:
    """Return a failure in the words of an error that nothing here explains."""
    words = ", ".join(one for one in error.args if isinstance(one, str)) or "no reason given"
    return BrokerFailure(f"the connection failed: {words} ({type(error).__name__})", remedy)


def channel_failure(error: BaseException) -> BrokerFailure:
    """Return why the broker closed a channel."""
    code, text = getattr(error, "reply_code", 0), _text(error)
    return BrokerFailure(f"the broker refuses the channel: {text}", CHANNEL.get(code, TRY_AGAIN))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error is made of, the innermost first: pika wraps the true reason."""
    inner = [*getattr(error, "exceptions", ()), getattr(error, "exception", None), *error.args]
    for one in inner:
        if isinstance(one, BaseException):
            yield from _causes(one)
    yield error


def _text(error: BaseException) -> str:
    """Return the broker's own words."""
    return str(getattr(error, "reply_text", "") or error)


def _quoted(error: BaseException) -> str:
    """Return the broker's words from an error that holds another one's `repr`."""
    found = re.search(r"\(\d+\) (['\"])(.*)\1", str(error.args[0]) if error.args else "")
    return found[2] if found else str(error)


def _tls(error: BaseException) -> BrokerFailure:
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the broker's certificate is not accepted: {reason}"
        return BrokerFailure(what, "set ca to the CA that signed it, and use a host name in it")
    return BrokerFailure(
        f"TLS failed: {reason}", "check the port: 5671 is usual for amqps://, 5672 for amqp://"
    )


def _closed(error: BaseException) -> BrokerFailure:
    return BrokerFailure(f"the broker closed the connection: {_text(error)}")


def _lost(error: BaseException) -> BrokerFailure:
    words = getattr(error, "strerror", "") or str(error.args[0] if error.args else error)
    return BrokerFailure(f"the connection broke: {words}")


def _foreign(_error: BaseException) -> BrokerFailure:
    what = "what listens there does not speak AMQP 0-9-1"
    return BrokerFailure(what, "correct the port; a port for TLS needs amqps://")


def _silent(_error: BaseException) -> BrokerFailure:
    return BrokerFailure(NO_ANSWER)


Explain: TypeAlias = Callable[[BaseException], BrokerFailure]
CONNECTION: tuple[tuple[type[BaseException], Explain], ...] = (
    (
        socket.gaierror,
        lambda error: BrokerFailure(
            f"the host name has no address: {getattr(error, 'strerror', error)}",
            "correct the name in url, or the network's DNS",
        ),
    ),
    (ssl.SSLError, _tls),
    (
        ConnectionRefusedError,
        lambda _: BrokerFailure("nothing listens there", "start the broker, or correct the port"),
    ),
    (
        exceptions.ProbableAuthenticationError,
        lambda error: BrokerFailure(
            f"the broker refuses the login: {_quoted(error)}",
            "correct username and password_file; guest may only log in on the broker's machine",
        ),
    ),
    (
        exceptions.AuthenticationError,
        lambda error: BrokerFailure(
            f"the broker does not offer this kind of login: {_text(error)}",
            "set username and a password, or let the broker log in by certificate (EXTERNAL)",
        ),
    ),
    (
        exceptions.ProbableAccessDeniedError,
        lambda error: BrokerFailure(
            f"the broker refuses the virtual host: {_quoted(error)}",
            "correct the end of url, or give the user permissions there",
        ),
    ),
    (exceptions.IncompatibleProtocolError, _foreign),
    (exceptions.ProtocolSyntaxError, _foreign),
    (
        exceptions.AMQPHeartbeatTimeout,
        lambda _: BrokerFailure("the broker no longer answers: its heartbeats are missing"),
    ),
    (exceptions.ConnectionOpenAborted, _silent),  # by the time-out of the login
    (AMQPConnectorStackTimeout, _silent),
    (TimeoutError, _silent),
    (exceptions.ConnectionClosed, _closed),
    (exceptions.StreamLostError, _lost),
    (OSError, _lost),
)
NO_ANSWER = "nothing answers there"
CHANNEL = {
    403: "give the user the right that is missing: rabbitmqctl set_permissions",
    404: "declare what is missing, or set declare = true",
    406: "set exchange or queue_type to what exists there, or declare = false",
}

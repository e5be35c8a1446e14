"""A connection to a web server: name, TCP, TLS; every step can be given up."""

import errno
import os
import socket
import ssl
import threading
from queue import SimpleQueue
from typing import Any, TypeAlias

from edge_agent.deliver.credentials import TlsFiles, tls_context
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.patience import Patience
from edge_agent.paths import expanded

STEP_SECONDS = 5.0  # for the name, for TCP with each of its addresses, for TLS

Found: TypeAlias = list[tuple[Any, ...]]


def dial(address: HttpAddress, tls: TlsFiles, patience: Patience) -> socket.socket:
    """Return a connected, non-blocking socket; raise OSError, or AgentError for a TLS file."""
    context = tls_context(*map(expanded, tls)) if address.tls else None
    error = OSError("the host name has no address")
    for family, kind, protocol, _, target in _resolve(address, patience):
        sock = socket.socket(family, kind, protocol)
        try:
            _connect(sock, target, patience)
            return _encrypted(sock, context, address.host, patience) if context else sock
        except OSError as problem:
            sock.close()
            error = problem
    raise error


def _resolve(address: HttpAddress, patience: Patience) -> Found:
    """Look a name up on a short thread: no time-out ends the system's own call."""
    found: SimpleQueue[Found | OSError] = SimpleQueue()
    look_up = lambda: found.put(_look_up(address))  # noqa: E731
    threading.Thread(target=look_up, name="http-resolver", daemon=True).start()
    patience.begin(STEP_SECONDS, "the name server does not answer")
    result = patience.take(found)
    if isinstance(result, OSError):
        raise result
    return result


def _look_up(address: HttpAddress) -> Found | OSError:
    try:
        return socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error


def _connect(sock: socket.socket, target: Any, patience: Patience) -> None:  # noqa: ANN401
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the body follows its headers
    patience.begin(STEP_SECONDS, "the server takes no connection")
    code = sock.connect_ex(target)
    if code == errno.EINPROGRESS:
        patience.wait(sock, write=True)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _encrypted(
    sock: socket.socket, context: ssl.SSLContext, host: str, patience: Patience
) -> ssl.SSLSocket:
    patience.begin(STEP_SECONDS, "TLS is not established")
    wrapped = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while not _shaken(wrapped, patience):
            pass
    except OSError:
        wrapped.close()
        raise
    return wrapped


def _shaken(sock: ssl.SSLSocket, patience: Patience) -> bool:
    """Continue the handshake; return whether it is complete."""
    try:
        sock.do_handshake()
    except ssl.SSLWantReadError:
        patience.wait(sock)
        return False
    except ssl.SSLWantWriteError:
        patience.wait(sock, write=True)
        return False
    return True

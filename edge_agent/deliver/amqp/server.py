"""How to connect to one broker: pika's parameters, made new for each connection."""

from typing import NamedTuple

import pika
from pika.credentials import ExternalCredentials, PlainCredentials

from edge_agent.deliver.amqp.address import AmqpAddress
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.credentials import read_password, tls_context
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

HEARTBEAT_SECONDS = 20
SOCKET_SECONDS = 5.0
STACK_SECONDS = 10.0  # TCP, TLS and the login together
GUEST = "guest"


class AmqpServer(NamedTuple):
    """A broker and the login; `client` is the name of the connection that the broker shows."""

    address: AmqpAddress
    options: AmqpOptions
    client: str

    def parameters(self) -> pika.ConnectionParameters:
        """Return pika's parameters; raise AgentError if a file or variable cannot be read."""
        return pika.ConnectionParameters(
            self.address.host,
            self.address.port,
            self.address.vhost,
            self._credentials(),
            heartbeat=HEARTBEAT_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            stack_timeout=STACK_SECONDS,
            ssl_options=self._tls() if self.address.tls else None,
            client_properties={"connection_name": self.client},
        )

    def _credentials(self) -> PlainCredentials | ExternalCredentials:
        options = self.options
        if options.certificate and not options.username:
            return ExternalCredentials()
        if not options.username:
            return PlainCredentials(GUEST, GUEST)
        try:
            password = read_password(options.password_file, options.password_env)
        except AgentError as error:
            key = "password_env" if options.password_env else "password_file"
            raise AgentError(f"{key}: {error.what}", error.remedy) from None
        return PlainCredentials(options.username, password)

    def _tls(self) -> pika.SSLOptions:
        options = self.options
        files = (expanded(file) for file in (options.ca, options.certificate, options.key))
        return pika.SSLOptions(tls_context(*files), self.address.host)

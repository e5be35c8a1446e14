"""paho's client, which reaches brokers through proxies and in WebSockets as well."""

import socket
from typing import Any

import paho.mqtt.client as paho

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.dial import dial
from edge_agent.deliver.mqtt.websocket import upgrade


class DialingClient(paho.Client):
    """Connects to `address`, which is set before `connect` is called with its host and port.

    paho has no public way to that, so two of its private methods are overridden; the tests with a
    proxy and with WebSockets fail if a new paho no longer calls them.
    """

    address: Address

    def _create_socket_connection(self) -> socket.socket:
        return dial(self.address, self.connect_timeout)

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho takes whatever has a socket's methods
        sock = super()._create_socket()
        return upgrade(sock, self.address, self.connect_timeout) if self.address.path else sock

import random
import socket
import threading

import pytest

CONNACK = {5: b"\x20\x03\0\0\0", 4: b"\x20\x02\0\0"}
CONNECTIONS = 60


@pytest.fixture(params=range(5))
def babbler(request):
    """A server that speaks MQTT up to the CONNACK, and nonsense from then on."""
    chance = random.Random(request.param)
    served = []

    def packet():
        body = chance.randbytes(chance.randrange(12))
        return bytes([chance.randrange(256), len(body)]) + body

    def serve():
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                hello = client.recv(4096)
                version = hello[8] if len(hello) > 8 else 5
                client.sendall(CONNACK[version] + b"".join(packet() for _ in range(5)))
            served.append(version)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"mqtt://127.0.0.1:{server.getsockname()[1]}", served
        server.shutdown(socket.SHUT_RDWR)


def test_whatever_a_broker_says_the_connection_goes_on(babbler, client, wait_for):
    url, served = babbler
    one = client(url, keep_alive=5)
    one.connection._backoff.next = lambda *_: 0.0
    wait_for(lambda: len(served) >= CONNECTIONS)
    assert one.thread.is_alive()

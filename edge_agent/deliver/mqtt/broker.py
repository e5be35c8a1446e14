"""A broker inside this process, so that `simulate` needs nothing installed (extra `[broker]`).

For the demonstration only: amqtt speaks MQTT 3.1.1 and keeps nothing on disk.
"""

import asyncio
import logging
import os
import threading
from queue import SimpleQueue
from typing import Any

from edge_agent.deliver.mqtt.mosquitto import no_port
from edge_agent.errors import SimulationError

START_SECONDS = 10
MQTT_3_1_1 = 4  # all that it speaks


class EmbeddedBroker:
    """amqtt on its own thread and event loop, listening on one loopback port."""

    name = "the embedded broker (MQTT 3.1.1)"
    versions: tuple[int, ...] = (MQTT_3_1_1,)
    _loop: asyncio.AbstractEventLoop  # of its thread, from the start

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._started: SimpleQueue[Exception | None] = SimpleQueue()
        self._stopping = asyncio.Event()
        self._kind = _installed()
        self._thread = threading.Thread(target=self._run, name="broker")

    def start(self) -> None:
        """Return once clients can connect; raise SimulationError if the port is taken."""
        self._thread.start()
        error = self._started.get(timeout=START_SECONDS)
        if error is not None:
            self._thread.join()
            raise self._explained(error)

    def stop(self) -> None:
        """Disconnect all clients and close the port."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(START_SECONDS)

    def _built(self) -> Any:  # noqa: ANN401
        """Return the broker; it takes the loop that runs."""
        return self._kind(
            {
                "listeners": {"default": {"type": "tcp", "bind": "{}:{}".format(*self._address)}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            broker = self._built()
            await broker.start()
        except Exception as error:  # noqa: BLE001
            self._started.put(error)
            return
        self._started.put(None)
        await self._stopping.wait()
        await broker.shutdown()
        await _end_tasks()

    def _explained(self, error: Exception) -> SimulationError:
        cause = error.__cause__
        reason = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else error
        return no_port(self._address, reason)


def _installed() -> Any:  # noqa: ANN401
    """Return the class of the broker; raise SimulationError if amqtt is not installed."""
    try:
        from amqtt.broker import Broker  # noqa: PLC0415
    except ImportError:
        raise SimulationError(
            "no broker is installed",
            "`sudo apt install mosquitto`, `pip install 'edge-agent[broker]'`,"
            " or use your own with --no-broker",
        ) from None
    # It logs a stack trace for every client that leaves in haste.
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    return Broker


async def _end_tasks() -> None:
    """End what amqtt leaves behind: a task that outlives its loop complains later."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)

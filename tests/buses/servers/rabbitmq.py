"""Real RabbitMQ nodes, alone or as a cluster: all on the loopback, each below a directory."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess

from lab.broker import free_port
from lab.freezing import freeze_group
from lab.waiting import eventually

PROGRAMS = "/usr/lib/rabbitmq/bin"
LARGEST_MESSAGE = 65_536  # bytes
START_SECONDS = 240  # a node that was killed repairs its files first, on a busy machine
LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"
PLUGINS = "[rabbitmq_stream,rabbitmq_auth_mechanism_ssl]."
CONFIG = """\
listeners.tcp.local = 127.0.0.1:{port}
stream.listeners.tcp.1 = 127.0.0.1:{stream_port}
log.console = false
max_message_size = {largest}
cluster_partition_handling = pause_minority
cluster_formation.randomized_startup_delay_range.min = 0
cluster_formation.randomized_startup_delay_range.max = 1
disk_free_limit.absolute = 50MB
"""


def install(package, program):
    """Fetch a package of Debian's, if its program is missing; no service is started."""
    if shutil.which(program):
        return
    if os.geteuid():
        raise RuntimeError(f"{program} is missing: sudo apt install {package}")
    for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *step], check=True, env=os.environ | {"RUNLEVEL": "1"})


class Epmd:
    """The port mapper of Erlang's nodes, as a child that ends with the tests."""

    def __init__(self):
        self.port = free_port()
        install("rabbitmq-server", f"{PROGRAMS}/rabbitmq-server")
        self._process = subprocess.Popen(
            ["/usr/bin/epmd", "-port", str(self.port), "-address", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers)  # a node that finds none starts one that stays behind

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self._process.terminate()
        self._process.wait()


class RabbitMQ:
    """One node on its own ports; `kill` and `start` it any number of times."""

    def __init__(self, directory, epmd, port=None):
        self.port = port or free_port()
        self.name = f"rabbit{self.port}@localhost"
        self.url = f"amqp://127.0.0.1:{self.port}"
        self._directory = directory / f"rabbit{self.port}"
        self._process = None
        self._environment = self._surroundings(epmd)
        self._write()

    def _surroundings(self, epmd):
        here = self._directory
        return os.environ | {
            "HOME": str(here),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd.port),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq"),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CTL_ERL_ARGS": LOOPBACK,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{LOOPBACK} +sbwt none +S 2:2",
        }

    def _write(self):
        here = self._directory
        here.mkdir()
        cookie = here / ".erlang.cookie"  # one for all nodes: they trust one another
        cookie.write_text("tests")
        cookie.chmod(0o400)
        ports = {"port": self.port, "stream_port": free_port()}
        text = CONFIG.format(**ports, largest=LARGEST_MESSAGE)
        (here / "rabbitmq.conf").write_text(text)
        (here / "plugins").write_text(PLUGINS)

    def configure(self, *lines):
        """Add lines to the configuration; the next start reads them."""
        with (self._directory / "rabbitmq.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def start(self):
        """Start the node, and wait until clients can log in."""
        self.begin()
        self.wait()
        return self

    def begin(self):
        """Start the node; nodes of a cluster wait for one another."""
        with (self._directory / "out.log").open("wb") as out:
            self._process = subprocess.Popen(
                ["nice", f"{PROGRAMS}/rabbitmq-server"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # a group, which signals reach as a whole
            )

    def wait(self):
        """Wait until clients can log in."""
        eventually(self._answers, START_SECONDS)

    def _answers(self):
        said = (self._directory / "out.log").read_text()
        assert self._process.poll() is None, said[-2000:]
        return "completed with" in said

    def control(self, *words):
        """Run `rabbitmqctl`, and return what it says."""
        command = [f"{PROGRAMS}/rabbitmqctl", "-q", "-n", self.name, *words]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def settle(self):
        """Sync what the node knows of its queues, so that a crash does not harm them.

        RabbitMQ 3.10 does so itself some seconds after the declaration.
        """
        self.control("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def pause(self):
        """Stop answering, but keep every connection."""
        freeze_group(self._process)

    def resume(self):
        self._signal(signal.SIGCONT)

    def kill(self):
        """End all processes of the node at once, as a crash would."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        """End the node; its files stay."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def cluster(directory, epmd, count=3):
    """Return the nodes of a cluster, all running."""
    nodes = [RabbitMQ(directory, epmd) for _ in range(count)]
    known = [f"classic_config.nodes.{n} = {node.name}" for n, node in enumerate(nodes)]
    lines = [
        f"cluster_formation.{line}" for line in ["peer_discovery_backend = classic_config", *known]
    ]
    for node in nodes:
        node.configure(*lines)
        node.begin()
    for node in nodes:
        node.wait()
    return nodes

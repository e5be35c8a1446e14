"""ElasticMQ: SQS's limits, strictly; it checks no signature, and keeps its messages in memory."""

from lab.broker import free_port

from tests.buses.servers.maven import jars
from tests.buses.servers.moto import REGION
from tests.buses.servers.server_process import ServerProcess

POM = __file__.replace(".py", ".xml")
VERSION = "1.6.12"
ACCOUNT = "000000000000"
JAVA = ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
CONFIGURATION = """
include classpath("application.conf")
node-address {{ protocol = http, host = 127.0.0.1, port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-hostname = "127.0.0.1", bind-port = {port}, sqs-limits = strict }}
rest-stats.enabled = false
generate-node-address = false
aws {{ region = {region}, accountId = {account} }}
queues {{ {queues} }}
"""


class ElasticMq:
    """One server with the queues that it is given; a kill loses what they hold."""

    def __init__(self, directory, queues):
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.credentials = directory / "elasticmq-credentials"
        keys = "aws_access_key_id = x\naws_secret_access_key = y\n"
        self.credentials.write_text("".join(f"[{name}]\n{keys}" for name in ("default", "admin")))
        self.credentials.chmod(0o600)
        settings = directory / "elasticmq.conf"
        each = (f'"{name}" {{ fifo = {str(name.endswith(".fifo")).lower()} }}' for name in queues)
        text = CONFIGURATION.format(
            port=self._port, region=REGION, account=ACCOUNT, queues=", ".join(each)
        )
        settings.write_text(text)
        libraries = f"{jars(POM, f'elasticmq-{VERSION}')}/*"
        main = [f"-Dconfig.file={settings}", "-cp", libraries, "org.elasticmq.server.Main"]
        log = directory / "elasticmq.log"
        self._process = ServerProcess(["java", *JAVA, *main], self._port, log)
        self.kill, self.pause, self.resume = (
            self._process.kill,
            self._process.pause,
            self._process.resume,
        )

    def start(self):
        self._process.start()
        return self

    def queue(self, name):
        """Return the URL of a queue, as AWS shows it."""
        return f"{self.endpoint}/{ACCOUNT}/{name}"

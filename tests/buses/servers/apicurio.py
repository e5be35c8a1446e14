"""A real schema registry: Apicurio, with the interface that Confluent's clients expect."""

import shutil
import subprocess
import tarfile
import urllib.request
from pathlib import Path

from lab.broker import free_port
from lab.waiting import eventually

VERSION = "2.6.13.Final"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
CACHE = Path.home() / ".cache/edge-agent-tests"
FOLDER = CACHE / f"apicurio-{VERSION}"
JAR = f"apicurio-registry-app-{VERSION}-runner.jar"
STARTS_WITHIN = 120  # seconds, of a JVM on a busy machine
SETTINGS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def need(program, package):
    assert shutil.which(program), f"{program} is missing: apt install {package}"


def fetch():
    """Return the folder of the program, fetched from Maven Central (136 MB) if it is not there."""
    if not (FOLDER / JAR).exists():
        need("mvn", "maven")
        CACHE.mkdir(parents=True, exist_ok=True)
        part = FOLDER.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        copy = ["dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={part}"]
        subprocess.run(["mvn", "-q", "-B", *copy], check=True, cwd=CACHE)
        with tarfile.open(next(part.glob("*.tar.gz"))) as archive:
            archive.extractall(part, filter="data")
        next(part.glob("*.tar.gz")).unlink()
        part.rename(FOLDER)
    return FOLDER


class Apicurio:
    """One registry, which forgets everything when it ends; `kill` and `start` it again."""

    def __init__(self, directory):
        need("java", "default-jre-headless")
        self._folder = fetch()
        self._log = directory / "apicurio.log"
        self._port = free_port()
        self._process = None
        self.url = f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self):
        quarkus = ("host=127.0.0.1", f"port={self._port}")
        settings = [*SETTINGS, *(f"-Dquarkus.http.{one}" for one in quarkus)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["nice", "java", *settings, "-jar", JAR], cwd=self._folder, stdout=log, stderr=log
            )
        eventually(self._answers, STARTS_WITHIN)
        return self

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

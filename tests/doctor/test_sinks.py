"""Sinks whose destinations cannot be reached, and second brokers."""

import os
import threading
from typing import Annotated

import pytest
from lab.broker import free_port
from msgspec import Meta

from edge_agent.deliver.sink import SinkOptions, SinkProblem, SinkType
from edge_agent.doctor.instruments import configured_sinks
from edge_agent.errors import MissingPackage
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE

SINK = """
[[sink]]
name = "{name}"
url = "carrier-pigeon://loft"
{more}
"""


class PigeonOptions(SinkOptions, frozen=True, kw_only=True):
    """The keys of a sink that a test answers for."""

    ring_file: Annotated[str, Meta(extra=SECRET_FILE)] = ""
    ring_env: Annotated[str, Meta(extra=SECRET_VARIABLE)] = ""
    ca: Annotated[str, Meta(extra=FILE)] = ""
    height: int = 1


class Loft:
    """A kind of sink whose `check` and `reach` do what the test says."""

    def __init__(self):
        self.asked = []
        self.wrong, self.found = [], {}

    def check(self, _plan):
        return self.wrong

    def reach(self, plan, node):
        self.asked.append((plan, node))
        found = self.found.get(plan.name, [])
        return found() if callable(found) else found


@pytest.fixture
def loft(monkeypatch, pi):
    """The kind of sink behind carrier-pigeon:; the sinks `home` and `away` are configured."""
    loft = Loft()
    kind = SinkType(PigeonOptions, loft.check, None, reach=loft.reach)
    for module in ("edge_agent.blueprint.sinks", configured_sinks.__name__):
        known = f"{module}.load_sink_type"
        right = configured_sinks.load_sink_type

        def load(scheme, right=right):
            return kind if scheme == "carrier-pigeon" else right(scheme)

        monkeypatch.setattr(known, load)
    return loft


@pytest.fixture
def add(pi):
    """A function: add sinks with these names to the configuration."""

    def add(*names, more=""):
        with pi.file.open("a") as file:
            file.writelines(SINK.format(name=name, more=more) for name in names)

    return add


def ids(pi):
    return [(finding.id, finding.where) for finding in pi.findings()]


def test_sinks_that_can_be_reached_give_no_finding(pi, loft, add):
    add("home", "away")
    assert pi.findings() == []
    assert [(plan.name, node) for plan, node in loft.asked] == [("home", "shed"), ("away", "shed")]


def test_what_stands_in_the_way_is_a_finding_with_its_remedy_in_the_order_of_the_sinks(
    pi, loft, add
):
    add("home", "away")
    home_asked = threading.Event()
    loft.found["away"] = lambda: home_asked.set() or [SinkProblem("url", "x", "closed; open it")]
    loft.found["home"] = lambda: home_asked.wait(60) and [SinkProblem("height", 9, "too high; dig")]
    found = pi.findings()
    assert [(one.id, one.where) for one in found] == [
        ("sink-unreachable", "sink.home.height"),
        ("sink-unreachable", "sink.away.url"),
    ]
    assert [(one.what, one.remedy) for one in found] == [("too high", "dig"), ("closed", "open it")]


def test_a_sink_that_does_not_answer_in_time_does_not_hide_the_others(pi, loft, add):
    add("home", "away")
    pi.sink_seconds = 0.1
    answer = threading.Event()
    loft.found["home"] = lambda: answer.wait(60) and []
    loft.found["away"] = [SinkProblem("url", "x", "closed; open it")]
    assert ids(pi) == [("sink-silent", "sink.home"), ("sink-unreachable", "sink.away.url")]
    answer.set()


def test_a_missing_package_is_a_finding_with_the_command(pi, loft, add):
    def missing():
        raise MissingPackage("pigeonpy", "pigeon")

    add("home")
    loft.found["home"] = missing
    (finding,) = pi.findings()
    assert finding.id == "sink-package-missing"
    assert finding.remedy == "pip install 'edge-agent[pigeon]'"


def test_a_reach_that_breaks_is_a_finding_too(pi, loft, add):
    add("home")
    loft.found["home"] = lambda: 1 / 0
    assert [one.id for one in pi.findings()] == ["check-failed"]


def test_a_file_that_cannot_be_used_is_found_here_and_then_nothing_is_reached(pi, loft, add):
    add("home", more='ca = "x.pem"')
    loft.wrong = [SinkProblem("ca", "x.pem", "not PEM; give another")]
    assert ids(pi) == [("sink-wrong", "sink.home.ca")]
    assert loft.asked == []


def test_what_is_wrong_in_the_file_itself_is_reported_once(pi, loft, add):
    add("home")
    loft.wrong = [SinkProblem("height", 1, "too low")]
    assert [one.id for one in pi.findings()] == ["config-wrong"]


def test_files_and_variables_are_those_of_the_service(pi, loft, add, monkeypatch):
    monkeypatch.delenv("RING", raising=False)
    pi.environment = {"RING": "s3cr3t-of-the-ring"}
    secret = pi.path("/etc/ring")
    pi.write("/etc/ring", "t0p-s3cr3t")
    secret.chmod(0o640)
    pi.own("/etc/ring", 0, 990)
    add("home", more=f'ring_file = "{secret}"\nring_env = "RING"')
    loft.found["home"] = lambda: [SinkProblem("", None, f"{os.environ['RING']} t0p-s3cr3t; no")]
    (finding,) = pi.findings()
    assert loft.asked[0][0].options.ring_file == str(secret)
    assert finding.what == "*** ***"
    assert "RING" not in os.environ


def test_a_secret_file_of_a_sink_that_all_may_read_is_found(pi, loft, add):
    pi.write("/etc/ring", "t0p-s3cr3t")
    add("home", more=f'ring_file = "{pi.path("/etc/ring")}"')
    assert "credential-exposed" in [one.id for one in pi.findings()]


# Second brokers: as `[mqtt]`, with the name of their table.


def test_a_second_broker_is_examined_as_the_first_one_is(pi):
    with pi.file.open("a") as file:
        file.write(f'[[sink]]\nname = "cloud"\nurl = "mqtt://127.0.0.1:{free_port()}"\n')
    (finding,) = pi.findings()
    assert finding.id == "broker-refused"
    assert 'under [[sink]] "cloud" in' in finding.remedy
    assert "[mqtt]" not in finding.remedy


def test_a_second_broker_that_works_gives_no_finding(pi, mosquitto):
    broker = mosquitto().start()
    with pi.file.open("a") as file:
        file.write(f'[[sink]]\nname = "cloud"\nurl = "{broker.url}"\n')
    assert pi.findings() == []


def test_a_second_brokers_login_is_its_own(pi, mosquitto, tmp_path):
    (tmp_path / "passwords").write_text("")
    broker = mosquitto(f"user root\npassword_file {tmp_path}/passwords\n").start()
    secret = pi.path("/etc/cloud-password")
    pi.write("/etc/cloud-password", "wr0ng-passw0rd")
    secret.chmod(0o640)
    pi.own("/etc/cloud-password", 0, 990)
    with pi.file.open("a") as file:
        file.write(f'[[sink]]\nname = "cloud"\nurl = "{broker.url}"\nusername = "shed"\n')
        file.write(f'password_file = "{secret}"\n')
    (finding,) = pi.findings()
    assert finding.id == "broker-refuses-login"
    assert "user 'shed'" in finding.what

"""What `make test-buses` and `make test-home-assistant` write of a run."""

from types import SimpleNamespace

import pytest

from tests.buses.versions import versions
from tests.run_report import RunReport


def phase(name, outcome="passed", when="call", **more):
    about = {"passed": False, "failed": False, "skipped": False} | {outcome: True}
    return SimpleNamespace(
        nodeid=f"tests/buses/{name}", when=when, duration=1.0, outcome=outcome, **about, **more
    )


@pytest.fixture
def written():
    return []


@pytest.fixture
def report(written):
    return RunReport("buses", versions, written.append)


def test_a_line_for_each_file_has_the_results_and_the_seconds(report, written):
    for when in ("setup", "call", "teardown"):
        report.pytest_runtest_logreport(phase("test_a.py::test_one", when=when))
    report.pytest_runtest_logreport(phase("test_b.py::test_two", "skipped", wasxfail="known"))
    report.pytest_runtest_logreport(phase("test_b.py::test_three", "skipped", "setup"))
    report.pytest_sessionfinish(0)
    (text,) = written
    assert "| test_a.py | 1 | 0 | 0 | 0 | 3 |\n| test_b.py | 0 | 0 | 1 | 1 | 2 |\n" in text
    assert "| all | 1 | 0 | 1 | 1 | 5 |" in text
    assert "Nothing failed." in text


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_what_failed_is_named(report, when):
    report.pytest_runtest_logreport(phase("test_a.py::test_one[a://b/c]", "failed", when))
    assert "- failed: `test_a.py::test_one[a://b/c]`" in report.text()
    assert "Nothing failed." not in report.text()


def test_versions_of_servers_and_libraries_are_named(report):
    found = report.text().split("\n")[0]
    assert "Kafka 4." in found
    assert "pika 1." in found


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_a_run_that_ended_early_writes_nothing(report, written, status):
    report.pytest_runtest_logreport(phase("test_a.py::test_one"))
    report.pytest_sessionfinish(status)
    assert written == []


def test_tests_of_other_folders_are_left_out(report, written):
    other = phase("test_a.py::test_one")
    other.nodeid = "tests/deliver/test_a.py::test_one"
    report.pytest_runtest_logreport(other)
    report.pytest_sessionfinish(0)
    assert written == []

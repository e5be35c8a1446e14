"""The report of a whole run of a folder's tests, in docs/proof.md: versions, results, seconds."""

from collections import Counter, defaultdict

from benchmarks.proof import record, table

HEAD = ("tests", "passed", "failed", "failed as expected", "skipped", "seconds")


class RunReport:
    """Collects the results of the tests in a folder, and writes their report when the run ends.

    `versions` yields what was tested, `write` takes the report; by default it goes to the section
    of docs/proof.md with the folder's name. A run that collected nothing, or was ended early,
    writes none.
    """

    def __init__(self, folder, versions, write=None):
        self._folder = f"tests/{folder}/"
        self._versions = versions
        self._write = write or (lambda text: record(folder, text))
        self._results = defaultdict(Counter)
        self._failed = []

    def pytest_runtest_logreport(self, report):
        """Count what a phase of a test adds: a failure in any of them, success of the call."""
        if not report.nodeid.startswith(self._folder):
            return
        name = report.nodeid.removeprefix(self._folder)
        results = self._results[name.partition("::")[0]]
        results["seconds"] += report.duration
        expected = hasattr(report, "wasxfail")
        if report.failed:
            results["failed"] += 1
            self._failed.append(name)
        elif report.skipped:
            results["failed as expected" if expected else "skipped"] += 1
        elif report.when == "call":
            results["passed"] += 1

    def pytest_sessionfinish(self, exitstatus):
        """Write the report of a run that came to its end."""
        if self._results and exitstatus in (0, 1):
            self._write(self.text())

    def text(self):
        """Return versions, a table with a line for each file of tests, and what failed."""
        rows = [(file, *_row(one)) for file, one in sorted(self._results.items())]
        rows.append(("all", *_row(sum(self._results.values(), Counter()))))
        failed = "".join(f"- failed: `{name}`\n" for name in self._failed)
        found = ", ".join(self._versions())
        return f"{found}.\n\n{table(HEAD, rows)}\n{failed or 'Nothing failed.'}\n"


def _row(results):
    """Return the cells of a line behind its name."""
    return [f"{round(results[name]):,}" for name in HEAD[1:]]

"""docs/guarantees.md names a test for each promise; this holds it to tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "guarantees.md"


def test_every_promise_names_tests_that_exist():
    files = {f"tests/{path.relative_to(TESTS)}": path for path in TESTS.rglob("test_*.py")}
    text = "\n".join(path.read_text() for path in files.values())
    defined = set(re.findall(r"^def (test_\w+)", text, re.MULTILINE)) | files.keys()
    promises = PAGE.read_text().split("\n## ")[1:]
    named = [set(re.findall(r"`(tests/\S+\.py|test_\w+)`", promise)) for promise in promises]
    assert [names - defined for names in named] == [set()] * len(promises)
    assert all(named)

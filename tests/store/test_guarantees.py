"""docs/guarantees.md names a test for each promise; this holds it to tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "guarantees.md"


def test_every_promise_names_tests_that_exist():
    sources = (*TESTS.glob("store/test_*.py"), TESTS / "test_agent.py")
    defined = set(
        re.findall(r"^def (test_\w+)", "\n".join(p.read_text() for p in sources), re.MULTILINE)
    )
    promises = PAGE.read_text().split("\n## ")[1:]
    named = [set(re.findall(r"`(test_\w+)`", promise)) for promise in promises]
    assert [names - defined for names in named] == [set()] * len(promises)
    assert all(named)

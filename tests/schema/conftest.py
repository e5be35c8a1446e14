"""Runs a test for each sample of an event, or for each schema of a release."""

import json

from tests.schema.samples import HERE, RELEASED, SAMPLES


def named(path):
    return str(path.relative_to(HERE).with_suffix(""))


def pytest_generate_tests(metafunc):
    """Run a test for each sample, or for each schema that was released."""
    for name, paths in (("sample", SAMPLES), ("released", RELEASED)):
        if name in metafunc.fixturenames:
            found = [json.loads(path.read_text()) for path in paths]
            metafunc.parametrize(name, found, ids=map(named, paths))

import re

import pytest

from edge_agent.blueprint import resolve
from edge_agent.errors import ConfigError


@pytest.fixture
def problems(tmp_path):
    """A function: return the problems of a configuration's text, without file and line."""

    def resolve_text(text):
        path = tmp_path / "shed.toml"
        path.write_text(text)
        try:
            resolve(path)
        except ConfigError as error:
            pattern = rf"^{path}[:\d]*: "
            return [re.sub(pattern, "", line) for line in error.problems]
        return []

    return resolve_text

"""Golden cases for sensors that fail, as `edge-agent rules test` runs them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import cli

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("file", sorted(CASES.glob("*.cases.toml")), ids=lambda file: file.stem)
def test_every_golden_case_holds(file):
    config = file.with_name(file.name.replace(".cases", ""))
    done = CliRunner().invoke(cli, ["rules", "test", str(file), "-c", str(config)])
    lines = done.output.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) == file.read_text().count("[[case]]")
    assert done.exit_code == 0

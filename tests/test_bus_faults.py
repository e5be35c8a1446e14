"""The table of faults in docs/buses.md names tests that there are."""

import re

import pytest

FOLDERS = ("buses", "deliver", "end_to_end")


@pytest.fixture
def rows(root):
    page = (root / "docs/buses.md").read_text()
    table = page.partition("## Which fault is tested where")[2].partition("\n## ")[0]
    return [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")][2:]


def names_in(root, file):
    paths = [root / f"tests/{folder}/test_{file}.py" for folder in FOLDERS]
    text = "".join(path.read_text() for path in paths if path.exists())
    return re.findall(r"^def (test_\w+)", text, re.MULTILINE)


def test_every_cell_names_a_test_or_says_that_there_is_none(rows, root):
    cells = [cell for _, *row in rows for cell in row]
    wrong = [cell for cell in cells if "`" not in cell and cell.strip() != "none"]
    for file, words in re.findall(r"`(\w+): (\w+)`", " ".join(cells)):
        wrong += [] if any(words in name for name in names_in(root, file)) else [(file, words)]
    assert cells
    assert wrong == []

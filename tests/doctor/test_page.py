"""docs/doctor.md has every id that the code can tell, and no other."""

import ast
import re
from pathlib import Path

from edge_agent.doctor import diagnosis
from edge_agent.doctor.themes import power

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/doctor.md").read_text()


def ids_of_the_code():
    for path in (ROOT / "edge_agent/doctor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in {"problem", "warning"} and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value
    for _, id_, *_ in power.ROWS:
        yield from (id_, f"{id_}-since-boot")


def ids_of_the_page():
    for row in re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE):
        yield from re.findall(r"`(.+?)`", row)


def test_the_page_has_every_id_once_and_no_other():
    listed = list(ids_of_the_page())
    assert sorted(listed) == sorted(set(ids_of_the_code()))


def test_the_page_has_the_themes_in_their_order():
    themes = [theme.name for theme in diagnosis.THEMES]
    assert re.findall(r"^\| \*\*(\w+)\*\* \|", PAGE, re.MULTILINE) == [*themes, "any"]


def test_every_id_that_tables_and_cases_provoke_is_one_of_the_page():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    untested = {id_ for id_ in ids_of_the_page() if f'"{id_}"' not in tests}
    assert untested == set()

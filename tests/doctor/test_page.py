"""docs/doctor.md has every id that the code can report, and no other.

The page's table is written from the themes' advice by docs/reference.py.
"""

import ast
from pathlib import Path

from edge_agent.doctor import themes
from edge_agent.doctor.diagnosis import ADVICE, NAMES, THEMES
from edge_agent.doctor.themes.power import ROWS

HERE = Path(__file__).parent
SOURCES = sorted(Path(themes.__file__).parents[1].rglob("*.py"))


def ids_of_the_code():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in {"problem", "warning"} and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value
    for _, id_, *_ in ROWS:
        yield from (id_, f"{id_}-since-boot")


def advised():
    return [id_ for part in (*(theme.advice for theme in THEMES), ADVICE) for id_ in part]


def test_every_id_of_the_code_has_advice_once_and_no_other_has():
    assert sorted(advised()) == sorted(set(ids_of_the_code()))


def test_every_function_that_is_a_check_belongs_to_a_theme():
    written = {
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
    }
    assert {check.__name__ for theme in THEMES for check in theme.checks} == written


def test_a_theme_is_named_as_its_module():
    assert [theme.name for theme in THEMES] == list(NAMES)


def test_every_id_is_provoked_by_a_test():
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    assert [id_ for id_ in advised() if f'"{id_}"' not in tests] == []

from tests.conftest import LONGEST


def test_the_tests_that_begin_first_exist(root):
    assert [path for path in LONGEST if not (root / path).exists()] == []

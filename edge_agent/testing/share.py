"""How much of a long claim a test makes: some of its cases each time, every one at night."""

from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")
MOST = 256

some_and_every = pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["some", "every"]
)


def chosen(cases: Sequence[T], *, every: bool) -> list[T]:
    """Return the cases, or `MOST` of them at even distances, with the first and the last."""
    if every or len(cases) <= MOST:
        return list(cases)
    last = len(cases) - 1
    return [cases[n * last // (MOST - 1)] for n in range(MOST)]

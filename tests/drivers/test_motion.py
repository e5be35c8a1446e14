import pytest

from drivers.base.errors import BadChecksum
from drivers.base.motion import Frame, steady

A, B, C = (bytes([n, 1]) for n in range(3))


@pytest.mark.parametrize(
    "reads, agreed",
    [((A, A, A), A), ((A, B, B, B), B), ((B, A, A, C, C, C), C), ((A, A, B, B, C, C), None)],
)
def test_three_reads_in_a_row_must_agree(reads, agreed):
    frames = [Frame(1 << n, registers) for n, registers in enumerate(reads)]
    given = iter(frames)
    if agreed is None:
        with pytest.raises(BadChecksum, match="no 3 of 6 reads in a row agree"):
            steady(lambda: next(given), "here")
    else:
        assert steady(lambda: next(given), "here") == Frame((1 << len(reads)) - 1, agreed)
    assert not list(given)

"""Inputs without coverage: seeds, changed at random, and random bytes."""

import random
from collections.abc import Iterator, Sequence

LONGEST = 2048


def inputs(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Yield inputs without an end."""
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(seeds)[:LONGEST])
        if not data or chance.random() < 0.2:
            yield chance.randbytes(chance.randrange(200))
            continue
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _change(data, chance)
        yield bytes(data)


def _change(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    some = chance.randbytes(chance.choice((1, 1, 2, 4, 8)))
    kind = chance.randrange(4)
    if kind == 0:  # insert
        data[at:at] = some
    elif kind == 1:  # remove
        del data[at : at + len(some)]
    elif kind == 2:  # repeat what is there already
        data[at:at] = data[: len(some) * 8]
    else:
        data[at : at + len(some)] = some

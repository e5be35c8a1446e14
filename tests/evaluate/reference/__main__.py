"""Compare model and engine for many seeds: `make rules-model SEEDS=1:20000`."""

import sys
from multiprocessing import Pool

from tests.evaluate.reference.compare import report


def main(text):
    """Compare for all seeds, on all cores; return how many show a difference."""
    first, last = map(int, text.split(":"))
    different = 0
    with Pool() as pool:
        for found in pool.imap(report, range(first, last + 1), chunksize=10):
            if found:
                different += 1
                print(found, flush=True)  # noqa: T201 - a program
    print(f"{last - first + 1} timelines, {different} with a difference")  # noqa: T201
    return different


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1])))

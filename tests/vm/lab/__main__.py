"""`python -m lab build` before the tests, `python -m lab report` after them."""

import sys

from lab.build import FACTS, build
from lab.report import clean, report

if __name__ == "__main__":
    if sys.argv[1:] == ["build"]:
        build()
        clean(FACTS)
    elif sys.argv[1:] == ["report"]:
        report()
    else:
        sys.exit(f"{__doc__}")

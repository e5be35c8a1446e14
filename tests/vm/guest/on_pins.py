"""on_pins.py ARGUMENTS...: edge-agent on a board whose pins have another label than a Pi's."""

import sys

from drivers.base import pins
from edge_agent.cli import main

pins.HEADER_LABELS = ("9030000.pl061",)
main(sys.argv[1:])

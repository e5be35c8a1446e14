#!/usr/bin/python3 -I
"""The command `edge-consumer` of the Debian package: its own packages come first."""

import sys

sys.path.insert(0, "/opt/edge-agent/lib")

from consumers.cli import main

main()

#!/usr/bin/python3 -I
"""The command `edge-agent` of the Debian package: its own packages come first."""

import sys

sys.path.insert(0, "/opt/edge-agent/lib")

from edge_agent.cli import main

main()

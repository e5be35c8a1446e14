"""attach.py HOST PORT BUS_ID...: plug USB/IP devices into this machine's kernel."""

import sys
from pathlib import Path

from simulators.vhci import Vhci

host, port, *devices = sys.argv[1:]
for device in devices:
    Vhci(Path("/sys")).attach((host, int(port)), device)

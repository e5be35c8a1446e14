"""Every sink on the real server of its bus: `make test-buses`."""

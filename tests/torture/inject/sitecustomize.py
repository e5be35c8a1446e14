"""Runs at the start of every agent whose PYTHONPATH begins with this directory."""

from tests.torture.crash import arm

arm()

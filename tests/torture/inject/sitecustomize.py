"""Runs at the start of every agent whose PYTHONPATH begins with this directory."""

from tests.torture.crash import arm
from tests.torture.importer import Importer
from tests.torture.resolver import resolve_as_told
from tests.torture.sabotage import sabotage

importer = Importer()
arm(importer)
sabotage(importer)
importer.install()
resolve_as_told()

"""Builds what the tests resume or install into, before they run: `python -m lab build`."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from lab import guests, piwheels, tools, trees, wheels
from lab.cache import CACHE
from lab.debian import Archive
from lab.kernel import kernel

FACTS = CACHE / "facts"
STATE = FACTS / "run.json"


def build() -> None:
    """Build what the cache lacks; record how long it took, and whether the cache was empty."""
    cold, began = not (CACHE / "trees").exists(), time.time()
    FACTS.mkdir(parents=True, exist_ok=True)
    for arch in ("amd64", "arm64"):
        Archive("bookworm", arch)
        kernel(arch)
    tools.prefix()
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(job) for job in (_pc, _pi64, _pi32)]:
            done.result()
    STATE.write_text(json.dumps({"cold": cold, "began": began, "built": time.time()}))


def _pc() -> None:
    """Boot and freeze the PCs, and the board with the pins."""
    guests.frozen(guests.system(), *guests.on_disk(guests.bare_debian()))
    guests.frozen(guests.usb_pc(), *guests.no_disk())
    guests.frozen(guests.pins())
    wheels.index("amd64", (3, 11))


def _pi64() -> None:
    """Install a tree for another processor: slow, because it is emulated."""
    trees.tree("trixie", "arm64")
    wheels.index("arm64", (3, 13))


def _pi32() -> None:
    trees.tree("bookworm", "armhf")
    wheels.index("armhf", (3, 11))
    piwheels.msgspec()

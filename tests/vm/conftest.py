"""Fixtures of the tests on emulated machines: `make test-vm`."""

import json
import time
from pathlib import Path

import pytest
from lab import guests, images
from lab.cache import CACHE
from lab.registry import Registry


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder that guests see as {registry.url}/files/; it holds payload.tar."""
    folder = tmp_path_factory.mktemp("files")
    images.payload(folder)
    return folder


@pytest.fixture(scope="session")
def registry(files):
    with Registry(files) as registry:
        yield registry


@pytest.fixture(scope="session")
def unpack(registry):
    """A function: copy the agent and the tests' scripts into a small guest's /opt/agent."""

    def copy(guest):
        guest.run(
            f"mkdir -p /opt/agent && wget -q -O - {registry.url}/files/payload.tar"
            " | tar x -C /opt/agent"
        )

    return copy


@pytest.fixture
def usb_pc(tmp_path, unpack):
    """The PC with USB/IP, without a disk."""
    with guests.resume(guests.usb_pc(), tmp_path, *guests.no_disk()) as guest:
        unpack(guest)
        yield guest


@pytest.fixture
def fact(request):
    """A function: record a figure, or a text, for the report."""

    def note(name, value):
        folder = CACHE / "facts"
        folder.mkdir(exist_ok=True)
        path = folder / f"{Path(request.node.path).stem}.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, name: value}, indent=1))

    return note


@pytest.fixture(autouse=True)
def duration(request, fact):
    began = time.monotonic()
    yield
    fact(f"seconds of {request.node.name}", round(time.monotonic() - began, 1))

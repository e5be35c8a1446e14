"""Writes the results of the tests: docs/kernel-tests.md, and the transcript in docs/install.md."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.build import FACTS, STATE
from lab.kernel import kernel
from lab.wheels import ROOT

RUNS = FACTS / "runs.json"
PAGE = ROOT / "docs/kernel-tests.md"
INSTALL = ROOT / "docs/install.md"
BETWEEN = re.compile(r"(<!-- transcript -->\n).*(<!-- end of transcript -->)", re.DOTALL)
WIDTH = 110
SHORTENED = 13  # lines of a command's output; apt and pip print many more
TITLES = {
    "test_i2c": "I2C: simulated chips behind a real kernel adapter (USB/IP, i2c-tiny-usb)",
    "test_w1": "1-Wire: simulated thermometers behind a DS2490 (USB/IP) and the kernel's w1_therm",
    "test_gpio": "GPIO: lines driven from outside, real interrupts (QEMU virt, PL061)",
    "test_pi": "Raspberry Pi 3B, emulated: the documented commands, readings, outages",
    "test_service": "Debian with systemd: the documented commands, and the life of the service",
    "test_power_cut": "Power cuts: a disk with a volatile cache, and one that lies about flushes",
    "test_arm": "Installation on aarch64 and armv7l, under user-mode emulation",
}
HEAD = """# Tests on real kernels

Written by `make test-vm` from the results of [its tests](../tests/vm). Nothing here ran on a real
Raspberry Pi: QEMU emulates the machines without acceleration, so the times say how long the tests
take, not how fast a Pi is.

"""


def report() -> None:
    """Write both pages."""
    facts = {path.stem: json.loads(path.read_text()) for path in sorted(FACTS.glob("test_*.json"))}
    transcript = facts.get("test_service", {}).pop("transcript", None)
    if transcript:
        text = INSTALL.read_text(encoding="utf-8")
        transcribed = f"```text\n{chr(10).join(_shortened(transcript))}\n```\n"
        INSTALL.write_text(BETWEEN.sub(lambda m: m[1] + transcribed + m[2], text), encoding="utf-8")
    PAGE.write_text("\n".join(_page(facts)) + "\n", encoding="utf-8")


def _page(facts: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield HEAD + f"Kernel: Debian's {kernel('amd64').version} (PC) and {kernel('arm64').version}.\n"
    yield "| run | when | building | testing | together |\n|---|---|---|---|---|"
    for name, run in _runs().items():
        times = run["building"], run["testing"], run["building"] + run["testing"]
        yield f"| {name} | {run['when']} | {' | '.join(f'{each} s' for each in times)} |"
    for module, title in TITLES.items():
        if module in facts:
            yield f"\n## {title}\n\n`tests/vm/{module}.py`\n"
            yield from _table(facts[module])


def _table(facts: dict[str, Any]) -> Iterator[str]:
    figures = {name: value for name, value in facts.items() if not name.startswith("seconds of ")}
    if figures:
        yield "| figure | |\n|---|---|"
        yield from (f"| {name} | {_shown(value)} |" for name, value in figures.items())
        yield ""
    yield "| test | seconds |\n|---|---|"
    for name, seconds in facts.items():
        if name.startswith("seconds of "):
            claim = name.removeprefix("seconds of test_").replace("_", " ")
            yield f"| {claim} | {seconds:g} |"


def _runs() -> dict[str, dict[str, Any]]:
    """Return the newest run from an empty cache and from a filled one, including this run."""
    known: dict[str, dict[str, Any]] = json.loads(RUNS.read_text()) if RUNS.exists() else {}
    state = json.loads(STATE.read_text())
    name = "from an empty cache" if state["cold"] else "from a filled cache"
    known[name] = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "building": round(state["built"] - state["began"]),
        "testing": round(time.time() - state["built"]),
    }
    RUNS.write_text(json.dumps(known))
    return known


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(each)}" for name, each in value.items())
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


def _shortened(transcript: list[dict[str, str]]) -> Iterator[str]:
    for step in transcript:
        yield f"$ {step['command']}"
        lines = [line.split("\r")[-1].rstrip() for line in step["output"].split("\n")]
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines if line]
        lines = [line if len(line) <= WIDTH else f"{line[:WIDTH]}…" for line in lines]
        yield from lines if len(lines) <= SHORTENED else [*lines[:2], "…", *lines[-2:]]


def clean(folder: Path) -> None:
    """Delete the facts of earlier tests."""
    for path in folder.glob("test_*.json"):
        path.unlink()

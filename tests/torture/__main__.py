"""`python -m tests.torture`: run the faults, print a row for each, and the table."""

import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TypeVar

import click

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/vm"))

from tests.torture.fault import Fault  # noqa: E402 - after the laboratory is on the path
from tests.torture.faults import FAULTS  # noqa: E402
from tests.torture.report import PAGE, page  # noqa: E402
from tests.torture.rig import Rig  # noqa: E402
from tests.torture.row import Row  # noqa: E402
from tests.torture.sabotage import SABOTAGES, VARIABLE  # noqa: E402

Begun = TypeVar("Begun", Fault, str)


def run(fault: Fault, seed: int, scale: float, sabotage: str = "") -> Row:
    """Inject one fault into a rig of its own; the same seed makes the same choices."""
    chances = random.Random(f"{seed} {fault.title}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as directory:
        rig = Rig(Path(directory), chances, scale)
        if sabotage:
            rig.environment[VARIABLE] = sabotage
        try:
            row = fault.run(rig)
        except Exception as error:  # noqa: BLE001 - the other faults still count
            traceback.print_exc()
            note = f"did not run to its end: {error}".splitlines()[0]
            row = Row(fault.title, 0, 0, 0, 0, 0, None, adds_up=False, note=note)
        finally:
            rig.close()
    seconds = time.monotonic() - begun
    click.echo(f"{'ok ' if row.passed else 'BAD'} {seconds:4.0f} s {fault.title}: {row}")
    return row


def run_broken(name: str, seed: int, scale: float) -> Row:
    """Inject the fault that must show what a sabotage breaks."""
    return run(shown_by(name), seed, scale, name)


def shown_by(sabotage: str) -> Fault:
    """Return the fault that must show a sabotage."""
    return next(fault for fault in FAULTS if fault.title == SABOTAGES[sabotage].fault)


class Progress:
    """Says before each row which one begins, and how long the run has taken so far."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begun = time.monotonic()

    def next(self, one: Begun) -> Begun:
        """Return what begins now: a fault, or the name of a sabotage."""
        self._done += 1
        minutes = (time.monotonic() - self._begun) / 60
        name = one.title if isinstance(one, Fault) else f"broken on purpose: {one}"
        click.echo(f"[{self._done}/{self._total}, {minutes:4.1f} min] {name}")
        return one


@click.command()
@click.option("--seed", default=1, show_default=True, help="Of all random choices.")
@click.option("--only", default="", help="A group, or GROUP/NAME.")
@click.option("--scale", default=1.0, show_default=True, help="How often, compared to all.")
@click.option("--sabotage", type=click.Choice(list(SABOTAGES)), help="Break the agent on purpose.")
def main(seed: int, only: str, scale: float, sabotage: str | None) -> None:
    """Run the faults; exit with 1 if one of them did harm, or if a broken agent shows none.

    A full run writes docs/torture.md.
    """
    if sabotage:
        broken = run_broken(sabotage, seed, scale)
        sys.exit(0 if broken.harms_more(run(shown_by(sabotage), seed, scale)) else 1)
    begun = time.monotonic()
    faults = [fault for fault in FAULTS if fault.title.startswith(only)]
    sabotages = () if only else tuple(SABOTAGES)
    progress = Progress(len(faults) + len(sabotages))
    rows = {fault.title: run(progress.next(fault), seed, scale) for fault in faults}
    broken = {progress.next(name): run_broken(name, seed, scale) for name in sabotages}
    text = page(list(rows.values()), broken, seed, time.monotonic() - begun)
    if only or scale != 1.0:
        click.echo(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    found = [row.harms_more(rows[SABOTAGES[name].fault]) for name, row in broken.items()]
    proven = all(row.passed for row in rows.values()) and all(found)
    sys.exit(0 if rows and proven else 1)


if __name__ == "__main__":
    main()

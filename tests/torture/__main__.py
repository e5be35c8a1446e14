"""`python -m tests.torture`: run the faults, print a row for each, and the table."""

import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/vm"))

from tests.torture.fault import Fault  # noqa: E402 - after the laboratory is on the path
from tests.torture.faults import FAULTS  # noqa: E402
from tests.torture.rig import Rig  # noqa: E402
from tests.torture.row import Row, table  # noqa: E402


def run(fault: Fault, seed: int, scale: float) -> Row:
    """Inject one fault into a rig of its own; the same seed makes the same choices."""
    chances = random.Random(f"{seed} {fault.title}")
    with tempfile.TemporaryDirectory(prefix="torture-") as directory:
        rig = Rig(Path(directory), chances, scale)
        try:
            return fault.run(rig)
        except Exception as error:  # noqa: BLE001 - the other faults still count
            traceback.print_exc()
            note = f"did not run to its end: {error}".splitlines()[0]
            return Row(fault.title, 0, 0, 0, 0, 0, None, adds_up=False, note=note)
        finally:
            rig.close()


@click.command()
@click.option("--seed", default=1, show_default=True, help="Of all random choices.")
@click.option("--only", default="", help="A group, or GROUP/NAME.")
@click.option("--scale", default=1.0, show_default=True, help="How often, compared to all.")
def main(seed: int, only: str, scale: float) -> None:
    """Run the faults; exit with 1 if one of them did harm."""
    rows = []
    for fault in FAULTS:
        if fault.title.startswith(only):
            begun = time.monotonic()
            rows.append(run(fault, seed, scale))
            seconds = time.monotonic() - begun
            click.echo(f"{'ok ' if rows[-1].passed else 'BAD'} {seconds:4.0f} s {rows[-1]}")
    click.echo(table(rows))
    sys.exit(0 if rows and all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    main()

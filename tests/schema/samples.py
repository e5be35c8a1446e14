"""The samples of every version, and the schemas of every release; all of them stay for ever."""

from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = sorted(HERE.glob("golden/v*/*.json"))
RELEASED = sorted(HERE.glob("released/*/json/*.json"))

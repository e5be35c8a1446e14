"""The examples that come with the agent."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(name: str, package: Path = PACKAGE) -> Path:
    """Return an example: inside an installed package, next to the package in a checkout."""
    inside = package / "examples"
    return (inside if inside.is_dir() else package.parent / "examples") / name


GREENHOUSE = shipped("greenhouse.toml")

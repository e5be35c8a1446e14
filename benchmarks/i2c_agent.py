"""A whole agent on hardware that has I2C buses only."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import Blueprint
from edge_agent.clock import SystemClock
from edge_agent.config.origin import ConfigOrigin

if TYPE_CHECKING:
    from edge_agent.acquire.hardware import Hardware


class I2COnly:
    """As much of a machine's hardware as I2C chips need; no kernel driver claims an address."""

    def claimed(self, _number: int, _address: int) -> str:
        """Return nothing."""
        return ""

    def close(self) -> None:
        """Do nothing."""


def run_agent(
    blueprint: Blueprint, hardware: I2COnly, file: Path, overrides: tuple[str, ...]
) -> None:
    """Run the agent of a configuration's file until it is killed."""
    agent = Agent(
        blueprint,
        cast("Hardware", hardware),
        Path(blueprint.config.log.path),
        control=Control(),
        clock=SystemClock(),
        reread=lambda: blueprint,
        origin=ConfigOrigin(file, overrides),
    )
    gc.freeze()  # as `supervise` does
    agent.run()

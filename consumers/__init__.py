"""Programs that read events from a bus, on any machine; they know an agent only by its events.

`from consumers import consume` gives a program of your own its events; see `consume`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consumers.consuming import consume

__all__ = ["consume"]

HOMES = {"consume": "consumers.consuming"}  # imported when used


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in HOMES:
        raise AttributeError(f"module 'consumers' has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)

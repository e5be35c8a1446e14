"""Programs that read events from a bus, on any machine; they know an agent only by its events.

`from consumers import consume` gives a program of your own its events; see `consume`.
`consumers.open` opens a store of the aggregator; see `open`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consumers.consuming import consume
    from consumers.query.opened import open  # noqa: A004 - `consumers.open` reads well

__all__ = ["consume", "open"]

HOMES = {"consume": "consumers.consuming", "open": "consumers.query.opened"}  # imported when used


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in HOMES:
        raise AttributeError(f"module 'consumers' has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)

"""What pytest loads: options for a real chip, and the claims that a chip cannot keep.

It is no part of the package `edge_agent.testing`, which pytest has to know before it is imported.
"""

from typing import Any

import pytest

pytest.register_assert_rewrite("edge_agent.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say where a real chip is, and where to record what it answers."""
    group = parser.getgroup("edge-agent")
    group.addoption(
        "--i2c",
        type=_chip_address,
        metavar="BUS:ADDRESS",
        help="make the claims that need no model about the chip there, such as 1:0x44",
    )
    group.addoption("--record", metavar="FILE", help="record that chip's transactions as JSON")


def _chip_address(text: str) -> Any:  # noqa: ANN401 - a ChipAddress, imported only if it is needed
    from edge_agent.testing.real_bus import ChipAddress  # noqa: PLC0415

    return ChipAddress.of(text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks of the claims about a real chip, and of the long ones."""
    config.addinivalue_line("markers", "real_bus: needs a chip on a real bus, see --i2c")
    config.addinivalue_line(
        "markers", "nightly: takes many seconds; `-m 'not nightly'` leaves it out"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Expect each claim that the contract's `blind` names to fail; strictly, unless by `[*]`."""
    _select(items, config)
    for item in items:
        contract = getattr(item, "cls", None)
        blind = {**_shared(contract), **getattr(contract, "blind", {})}
        claim = item.name.split("[")[0]
        for name in dict.fromkeys((item.name, claim, f"{claim}[*]")):
            if name in blind:
                strict = not name.endswith("[*]")
                item.add_marker(pytest.mark.xfail(strict=strict, reason=str(blind[name])))


def _select(items: list[pytest.Item], config: pytest.Config) -> None:
    """Keep the claims about a real chip if `--i2c` names one, and all others if not."""
    wanted = config.getoption("--i2c") is not None
    real = [item.get_closest_marker("real_bus") is not None for item in items]
    left = [item for item, one in zip(items, real, strict=True) if one != wanted]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item, one in zip(items, real, strict=True) if one == wanted]


def _shared(contract: Any) -> dict[str, Any]:  # noqa: ANN401 - any class of tests
    """Return what the chip's driver cannot notice as others cannot, by claim."""
    named = getattr(getattr(contract, "driver", None), "blind", ())
    if not named:
        return {}
    from edge_agent.testing.plausible import SHARED  # noqa: PLC0415 - only if it is needed

    return {claim: one for one, claim in SHARED.items() if one in named}

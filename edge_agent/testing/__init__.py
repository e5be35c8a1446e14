"""The contracts of drivers, models, sinks and sources: a pytest plug-in, for other packages, too.

A package that brings a driver and a model of its chip says in its own tests::

    from edge_agent.testing import I2CContract

    class TestContract(I2CContract):
        driver = MyChip
        model = MyChipModel

Pytest finds this plug-in without an import, and makes every claim of the contract about the pair.
A device that is not on I2C has a `SensorContract`. A package that brings a sink provides a
`Destination`, and has a `SinkContract`; one that brings a source provides an `Origin`, and has a
`SourceContract`. Imported by pytest only.
"""

from edge_agent.testing.bench import Bench, FlippedBit
from edge_agent.testing.destination import Destination, Got
from edge_agent.testing.i2c import I2CContract
from edge_agent.testing.origin import Origin, Published
from edge_agent.testing.sensor import SensorContract
from edge_agent.testing.sink import SinkContract
from edge_agent.testing.source import SourceContract

__all__ = [
    "Bench",
    "Destination",
    "FlippedBit",
    "Got",
    "I2CContract",
    "Origin",
    "Published",
    "SensorContract",
    "SinkContract",
    "SourceContract",
]

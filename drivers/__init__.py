"""Sensor and output drivers: each one usable alone, in a script or the REPL.

>>> from drivers.driver import read            # doctest: +SKIP
>>> from drivers.i2c import open_port          # doctest: +SKIP
>>> from drivers.sht4x import SHT4x            # doctest: +SKIP
>>> read(SHT4x(open_port(1, 0x44)))            # doctest: +SKIP
{'temperature': 21.53, 'humidity': 40.2}
"""

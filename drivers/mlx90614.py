"""Melexis MLX90614 infrared thermometer (datasheet 3901090614 rev 13).

Every answer has a checksum, and every write, too. The chip measures by itself, ten times a second
and faster; it says neither when a result is new nor that it has started again.
"""

"""Random inputs for everything that comes from outside: one module for each surface.

A surface has `target(data)`, which raises for anything but the documented errors, and `SEEDS`,
inputs that lead deep into the code.
"""

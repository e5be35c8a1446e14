"""The torture run: real agents and brokers under every fault, one table, nothing lost.

`make torture` runs all of it; `test_torture.py` runs the short form.
"""

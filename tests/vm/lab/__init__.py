"""The laboratory: real Debian kernels in QEMU, made of Debian's packages alone.

Nothing is installed on this machine and no kernel module is loaded here. `python -m lab` builds
what the tests need into a cache; the tests resume frozen guests from there.
"""

"""The laboratory: real Debian kernels in QEMU, built only from Debian's packages.

It installs nothing on this machine and loads no kernel module here. `python -m lab build` builds
what the tests need into a cache; the tests resume frozen guests from it.
"""

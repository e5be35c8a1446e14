"""Instruments: how the doctor reads a machine; they find facts and judge nothing."""

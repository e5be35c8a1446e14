"""How the doctor reads a machine: they find facts, judge nothing, and import no check."""

"""How the doctor examines a machine: instruments find facts, and leave judging to the checks."""

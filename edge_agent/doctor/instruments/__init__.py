"""How the doctor examines a machine: instruments find facts; the checks judge them."""

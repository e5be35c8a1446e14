"""The doctor's checks, grouped by theme: each a function from a case to findings."""

"""A disk that fails and forgets, and a wall clock that jumps: for one process, while it runs."""

"""Commands: what may be asked of a running agent, and how it is carried out."""

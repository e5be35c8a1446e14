"""The cost of the agent, compared with the limits of the same machine in the same run."""

"""What the agent costs, as ratios to the raw limit of the same machine in the same run."""

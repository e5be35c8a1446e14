"""What the agent does, for Prometheus; `server` is imported only if `[metrics]` is configured."""

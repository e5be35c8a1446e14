"""The page of the agent; `server` is imported only if `[web]` is configured."""

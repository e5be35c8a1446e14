"""Shows Prometheus what a consumer does, if `--metrics` names an address."""

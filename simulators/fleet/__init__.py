"""A fleet: many nodes whose events go to real brokers, a second writing of docs/events.md."""

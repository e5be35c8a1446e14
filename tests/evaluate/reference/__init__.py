"""A reference model of rules, alerts, outputs and commands.

It is written from docs/rules.md and docs/configuration.md alone. It keeps the whole history and
looks at everything each second, so that it is slow, and plainly what the pages say. `timelines`
makes random configurations and events, `engine` runs them through the agent's own code, and
`compare` reports the first difference, with as few events as still show it.
"""

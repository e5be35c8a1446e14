"""`edge-agent doctor`: finds what keeps the agent from working, and names a remedy for each.

Three levels: `instruments` find facts and judge nothing; `themes` hold the checks, each a function
from a `Case` to findings; case, finding, diagnosis, report and bundle stand above. Checks only
read: they change nothing, and touch no chip while the agent runs.
"""

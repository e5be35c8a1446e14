"""What the check of a sink finds, as an error of a source: both have the same URLs and keys."""

from collections.abc import Iterable

from edge_agent.deliver.sink import SinkOptions, SinkProblem
from edge_agent.errors import AgentError


def refuse(problems: Iterable[SinkProblem], options: type[SinkOptions]) -> None:
    """Raise AgentError for the first problem, if there is one."""
    for found in problems:
        problem = found.safe(options)
        what, _, remedy = problem.what.partition("; ")
        value = "" if problem.value is None else f" = {problem.value}"
        raise AgentError(f"{problem.key}{value}: {what}", remedy)

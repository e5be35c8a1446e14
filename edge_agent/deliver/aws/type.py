"""The type of the SNS and SQS sinks: how one is checked, built and reached."""

import random
from collections.abc import Callable, Iterator

from edge_agent.deliver.aws.address import AwsTarget, parse_url
from edge_agent.deliver.aws.call import AwsCalls
from edge_agent.deliver.aws.check import check
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.aws.reach import obstacle
from edge_agent.deliver.aws.sink import AwsSink
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.packages import Package, needs
from edge_agent.deliver.sink import SinkContext, SinkPlan, SinkProblem, SinkType, claims_nothing

BOTOCORE = Package("botocore", "botocore", "aws")


def build(plan: SinkPlan[AwsOptions], context: SinkContext) -> AwsSink:
    """Return the sink; raise MissingPackage without botocore."""
    target, connect = connector(plan)
    return AwsSink(plan.name, target, context, connect, backoff=Backoff(random.random))


def reach(plan: SinkPlan[AwsOptions], _node: str) -> Iterator[SinkProblem]:
    """Yield what stands in the way of a delivery; nothing is sent. Raise MissingPackage."""
    error = obstacle(*connector(plan))
    if error is not None:
        yield SinkProblem.of("url", plan.url[0], error)


def connector(plan: SinkPlan[AwsOptions]) -> tuple[AwsTarget, Callable[[], AwsCalls]]:
    """Return where a plan leads, and what makes a client. Raise MissingPackage."""
    try:
        from edge_agent.deliver.aws.client import AwsClient  # noqa: PLC0415 - optional, and 20 MB
    except ImportError:
        raise BOTOCORE.missing from None
    target = parse_url(plan.url[0])
    return target, lambda: AwsClient(target, plan.options)


SINK = SinkType(AwsOptions, check, build, claims_nothing, reach, needs(BOTOCORE))

"""The source of the scheme `sqs+https`: URL and credentials checked, nothing connected."""

import random

import msgspec

from consumers.source import SourcePlan
from consumers.sources.query import split_query
from consumers.sources.refusal import refuse
from consumers.sources.sqs.queue import SqsQueue
from consumers.sources.sqs.source import SqsSource
from edge_agent.deliver.aws.check import check
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.aws.type import connector
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import AgentError

WITHOUT_MEANING = ("username", "password_file", "password_env", "ca", "certificate", "key")


class SqsQuery(msgspec.Struct, frozen=True):
    """What the URL of a queue may say behind a question mark; the words are those of the sink."""

    region: str = ""
    profile: str = ""
    credentials_file: str = ""


def sqs_source(plan: SourcePlan) -> SqsSource:
    """Return the source of a plan; raise AgentError for a wrong URL, a filter or no botocore."""
    url, query = split_query(plan.url, SqsQuery)
    _refuse_what_a_queue_has_not(plan)
    as_sink = SinkPlan("source", (url,), AwsOptions(**msgspec.structs.asdict(query)))
    refuse(check(as_sink), AwsOptions)
    target, connect = connector(as_sink)
    return SqsSource(lambda: SqsQueue(connect(), target), Backoff(random.random))


def _refuse_what_a_queue_has_not(plan: SourcePlan) -> None:
    if plan.nodes:
        what = "a queue has no filter: reading it for some nodes would delete the events of others"
        raise AgentError(what, "name no nodes, or give these nodes a queue of their own")
    for name in WITHOUT_MEANING:
        if getattr(plan, name):
            what = f"--{name.replace('_', '-')} has no meaning for a queue of AWS"
            raise AgentError(what, "name profile or credentials_file in the URL, as in ?profile=me")

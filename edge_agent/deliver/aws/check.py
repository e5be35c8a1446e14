"""What can be wrong with an SNS or SQS sink, found without a connection."""

import configparser
import re
from collections.abc import Iterator

from edge_agent.deliver.aws.address import REGION, AwsTarget, parse_url
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.url import without_credentials
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed


def check(plan: SinkPlan[AwsOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan: URL, region, and a file that cannot be used."""
    if len(plan.url) != 1:
        yield SinkProblem("url", " ".join(plan.url), "name one queue or topic")
        return
    try:
        yield from _check_region(parse_url(plan.url[0]), plan.options.region)
    except ValueError as error:
        yield SinkProblem("url", without_credentials(plan.url[0]), str(error))
    if plan.options.credentials_file:
        yield from _check_file(plan.options)


def _check_region(target: AwsTarget, region: str) -> Iterator[SinkProblem]:
    if region and not re.fullmatch(REGION, region):
        yield SinkProblem("region", region, "write it as AWS does, such as eu-central-1")
    elif region and target.region and region != target.region:
        what = f"the {target.service.noun} is in {target.region}; remove the key"
        yield SinkProblem("region", region, what)
    elif not region and not target.region:
        yield SinkProblem("region", None, "the URL does not say it; set it, as in eu-central-1")


def _check_file(options: AwsOptions) -> Iterator[SinkProblem]:
    file, profile = options.credentials_file, options.profile or "default"
    try:
        refuse_exposed(expanded(file))
        found = configparser.RawConfigParser()
        with open(expanded(file), encoding="utf-8") as text:  # noqa: PTH123 - a text, not a path
            found.read_file(text)
    except AgentError as error:
        yield SinkProblem.of("credentials_file", file, error)
    except OSError as error:
        yield SinkProblem("credentials_file", file, f"{error.strerror}; make it readable")
    except (configparser.Error, UnicodeDecodeError):  # their texts hold the file's
        what = "it is no file of credentials; write it as ~/.aws/credentials"
        yield SinkProblem("credentials_file", file, what)
    else:
        if not found.has_section(profile):
            what = f"it has no profile [{profile}]; add it, or set profile"
            yield SinkProblem("credentials_file", file, what)

"""The keys of an SNS or SQS sink."""

from typing import Annotated

from msgspec import Meta

from edge_agent.deliver.sink import SinkOptions
from edge_agent.keys import SECRET_FILE


class AwsOptions(SinkOptions, frozen=True, kw_only=True):
    """The keys of an `sns+https:` or `sqs+https:` sink; each has a default of AWS's own tools."""

    region: Annotated[
        str, Meta(description="AWS region, such as eu-central-1; default: the URL's")
    ] = ""
    profile: Annotated[
        str,
        Meta(description="profile in AWS's files; default: AWS_PROFILE, else the default profile"),
    ] = ""
    credentials_file: Annotated[
        str,
        Meta(
            description="file in the format of ~/.aws/credentials, such as a systemd credential;"
            " default: what AWS's tools find",
            extra=SECRET_FILE,
        ),
    ] = ""

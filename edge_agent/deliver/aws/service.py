"""The two services: what their operations and parameters are called."""

import re
from typing import NamedTuple


class AwsService(NamedTuple):
    """A service that takes batches of messages; names are botocore's."""

    name: str
    noun: str  # what takes the messages
    path: re.Pattern[str]  # of a URL; its groups are an optional region, and `.fifo` or nothing
    example: str
    send: str
    look: str
    target: str
    entries: str
    body: str
    right: str  # in an IAM policy
    look_right: str


SQS = AwsService(
    "sqs",
    "queue",
    re.compile(r"/\d{12}/(?P<region>)(?=[\w.-]{1,80}$)[A-Za-z0-9_-]+(?P<fifo>\.fifo|)"),
    "sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/events",
    send="send_message_batch",
    look="get_queue_attributes",
    target="QueueUrl",
    entries="Entries",
    body="MessageBody",
    right="sqs:SendMessage",
    look_right="sqs:GetQueueAttributes",
)
SNS = AwsService(
    "sns",
    "topic",
    re.compile(
        r"/arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:"
        r"(?=[\w.-]{1,256}$)[A-Za-z0-9_-]+(?P<fifo>\.fifo|)"
    ),
    "sns+https://sns.eu-central-1.amazonaws.com/arn:aws:sns:eu-central-1:123456789012:events",
    send="publish_batch",
    look="get_topic_attributes",
    target="TopicArn",
    entries="PublishBatchRequestEntries",
    body="Message",
    right="sns:Publish",
    look_right="sns:GetTopicAttributes",
)
SERVICES = {service.name: service for service in (SQS, SNS)}

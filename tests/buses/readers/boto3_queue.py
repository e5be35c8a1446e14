"""Prints what arrives in a queue, read by boto3, as lines of JSON; runs in moto's environment.

It ends when its standard input does.
"""

import json
import os
import select
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ENDPOINT, REGION, QUEUE, CREDENTIALS = sys.argv[1:]


def client():
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = CREDENTIALS
    session = boto3.session.Session(profile_name="admin")
    return session.client("sqs", endpoint_url=ENDPOINT, region_name=REGION)


def read(sqs):
    """Print up to ten messages, then remove them from the queue."""
    found = sqs.receive_message(
        QueueUrl=QUEUE,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],
        AttributeNames=["All"],
    )
    messages = found.get("Messages", [])
    print("null", flush=True)  # it has looked
    for message in messages:
        print(json.dumps(message), flush=True)
    if messages:
        handles = enumerate(message["ReceiptHandle"] for message in messages)
        entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in handles]
        sqs.delete_message_batch(QueueUrl=QUEUE, Entries=entries)


def ended(seconds):
    """Wait so long for the end of the input; return whether it has come."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def main():
    while not ended(0.2):  # moto takes a few calls without a signature: do not use them up
        try:
            sqs = client()
            while not ended(0):
                read(sqs)
        except (BotoCoreError, ClientError, OSError) as error:
            print(error, file=sys.stderr, flush=True)


main()

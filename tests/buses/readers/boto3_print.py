"""Prints the bodies that boto3 receives from a queue, a number of them or without an end."""

import itertools
import os
import sys

import boto3

ENDPOINT, REGION, QUEUE, CREDENTIALS, *COUNT = sys.argv[1:]


def bodies():
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = CREDENTIALS
    session = boto3.session.Session(profile_name="admin")
    sqs = session.client("sqs", endpoint_url=ENDPOINT, region_name=REGION)
    while True:
        found = sqs.receive_message(QueueUrl=QUEUE, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in found.get("Messages", []):
            yield message["Body"]
            sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])


for body in itertools.islice(bodies(), int(COUNT[0]) if COUNT else None):
    print(body, flush=True)

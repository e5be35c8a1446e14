"""Makes users, queues and topics in a fresh moto; runs in moto's own environment."""

import configparser
import json
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

WANTED = json.loads(sys.argv[1])
ADMIN, SENDER = "admin", "default"


def client(service, key="x", secret="y"):
    return boto3.client(
        service,
        endpoint_url=WANTED["endpoint"],
        region_name=WANTED["region"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def user(name, actions):
    """Make a user who may do some actions on everything; return the key."""
    iam = client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
    return key["AccessKeyId"], key["SecretAccessKey"]


def use_up():
    """Call until moto checks who calls."""
    iam = client("iam")
    try:
        while iam.list_users():
            pass
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidClientTokenId":
            raise


def main():
    keys = {ADMIN: user(ADMIN, ["*"]), SENDER: user(SENDER, WANTED["actions"])}
    use_up()
    write(keys)
    sqs, sns = client("sqs", *keys[ADMIN]), client("sns", *keys[ADMIN])
    for name in WANTED["queues"]:
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        sqs.create_queue(QueueName=name, Attributes=fifo)
    for name, subscribers in WANTED["topics"].items():
        fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        topic = sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
        for queue, attributes in subscribers.items():
            arn = f"{topic.replace(':sns:', ':sqs:').rpartition(':')[0]}:{queue}"
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)


def write(keys):
    """Replace the file of credentials at once: a sink may read it at any moment."""
    file = configparser.ConfigParser(default_section="")
    for name, (key, secret) in keys.items():
        file[name] = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    part = Path(f"{WANTED['credentials']}.part")
    part.touch(0o600)
    with part.open("w") as text:
        file.write(text)
    part.replace(WANTED["credentials"])


main()

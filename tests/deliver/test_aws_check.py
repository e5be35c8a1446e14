import pytest

from edge_agent.deliver.aws.address import parse_url
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.aws.type import SINK
from edge_agent.deliver.sink import SinkPlan

QUEUE = "sqs+https://sqs.eu-central-1.amazonaws.com/123456789012/events"
TOPIC = (
    "sns+https://sns.eu-central-1.amazonaws.com/arn:aws:sns:eu-central-1:123456789012:events.fifo"
)
LOCAL = "sqs+http://127.0.0.1:9324/000000000000/events"


def problems(*urls, **options):
    return list(SINK.check(SinkPlan("cloud", urls, AwsOptions(**options))))


def test_a_queue_is_what_aws_calls_it_and_its_host_says_the_region():
    target = parse_url(QUEUE)
    assert target.endpoint == "https://sqs.eu-central-1.amazonaws.com"
    assert target.resource == "https://sqs.eu-central-1.amazonaws.com/123456789012/events"
    assert (target.region, target.fifo) == ("eu-central-1", False)


def test_a_topic_is_its_arn_and_a_name_that_ends_in_fifo_keeps_the_order():
    target = parse_url(TOPIC)
    assert target.resource == "arn:aws:sns:eu-central-1:123456789012:events.fifo"
    assert (target.region, target.fifo) == ("eu-central-1", True)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("sqs-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("sqs.eu-west-1.api.aws", "eu-west-1"),
        ("vpce-0a1b-xyz.sqs.eu-west-2.vpce.amazonaws.com", "eu-west-2"),
        ("elasticmq.lan", ""),
    ],
)
def test_every_kind_of_host_of_aws_says_the_region(host, region):
    assert parse_url(f"sqs+https://{host}/123456789012/events").region == region


@pytest.mark.parametrize("url", [QUEUE, QUEUE + ".fifo", TOPIC])
def test_a_right_url_has_no_problem(url):
    assert problems(url) == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sqs+https://sqs.eu-central-1.amazonaws.com", "no queue has this URL"),
        ("sqs+https://sqs.eu-central-1.amazonaws.com/1/events", "no queue has this URL"),
        (QUEUE + "?x=1", "no queue has this URL"),
        (QUEUE + "/", "no queue has this URL"),
        (QUEUE + "x" * 80, "no queue has this URL"),
        (QUEUE + ".fif", "no queue has this URL"),
        ("sqs+https:///123456789012/events", "it needs a host"),
        ("sqs+https://host:0/123456789012/events", "a port from 1 to 65535"),
        (f"sqs+https://{'h' * 64}/123456789012/events", "no host has this name"),
        ("sqs+https://host:x/123456789012/events", "a port from 1 to 65535"),
        ("sqs+https://[::1/123456789012/events", "Invalid IPv6 URL"),
        ("sqs+http://elasticmq.lan/123456789012/events", "only for an emulator on this machine"),
        (QUEUE.replace("//sqs", "//sns"), "the host belongs to SNS; write sns+https://"),
        (TOPIC.replace("//sns.eu-central-1", "//sns.us-east-1"), "the host is in us-east-1"),
        ("sns+https://sns.eu-central-1.amazonaws.com/events", "no topic has this URL"),
    ],
)
def test_a_wrong_url_is_a_problem_with_a_remedy(url, what):
    (problem,) = problems(url, region="" if "amazonaws" in url else "eu-central-1")
    assert (problem.key, problem.value) == ("url", url)
    assert what in problem.what


def test_no_problem_shows_credentials_of_a_url():
    (problem,) = problems("sqs+https://key:hunter2@sqs.eu-central-1.amazonaws.com/123456789012/q")
    assert "hunter2" not in repr(problem)
    assert "credentials do not belong in the URL" in problem.what


@pytest.mark.parametrize("urls", [(), (QUEUE, QUEUE)])
def test_there_is_exactly_one_queue(urls):
    assert [each.what for each in problems(*urls)] == ["name one queue or topic"]


def test_an_emulator_needs_a_region_because_its_host_has_none():
    assert problems(LOCAL, region="eu-central-1") == []
    assert [each.key for each in problems(LOCAL)] == ["region"]


@pytest.mark.parametrize(("region", "what"), [("mars", "write it as"), ("us-east-1", "remove")])
def test_a_region_that_is_none_or_another_one_is_a_problem(region, what):
    (problem,) = problems(QUEUE, region=region)
    assert (problem.key, problem.value) == ("region", region)
    assert what in problem.what


@pytest.fixture
def credentials(tmp_path):
    def write(text, mode=0o600):
        file = tmp_path / "credentials"
        file.write_bytes(text)
        file.chmod(mode)
        return str(file)

    return write


KEYS = b"[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\n"


def test_a_file_of_credentials_has_the_profile_and_is_private(credentials):
    assert problems(QUEUE, credentials_file=credentials(KEYS)) == []


@pytest.mark.parametrize(
    ("text", "mode", "options", "what"),
    [
        (KEYS, 0o604, {}, "chmod"),
        (KEYS, 0o600, {"profile": "edge"}, "it has no profile [edge]; add it, or set profile"),
        (b"hunter2", 0o600, {}, "it is no file of credentials"),
        (b"\xff", 0o600, {}, "it is no file of credentials"),
    ],
)
def test_a_file_of_credentials_that_cannot_be_used_is_a_problem(
    credentials, text, mode, options, what
):
    file = credentials(text, mode)
    (problem,) = problems(QUEUE, credentials_file=file, **options)
    assert (problem.key, problem.value) == ("credentials_file", file)
    assert what in problem.what
    assert "hunter2" not in problem.what


def test_a_file_of_credentials_that_is_missing_is_a_problem(tmp_path):
    (problem,) = problems(QUEUE, credentials_file=str(tmp_path / "none"))
    assert problem.key == "credentials_file"

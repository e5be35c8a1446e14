import pytest

from edge_agent.blueprint import resolve
from edge_agent.deliver.credentials import read_password
from edge_agent.deliver.file import FileOptions
from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.plan import broker
from edge_agent.errors import ConfigError
from edge_agent.events import KINDS


@pytest.fixture
def sinks(tmp_path):
    """A function: resolve a configuration's text; return its sinks' plans, by name."""

    def resolve_text(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return {one.plan.name: one.plan for one in resolve(path).sinks}

    return resolve_text


@pytest.fixture
def problems(sinks):
    """A function: return the problems of a configuration's text, without the file's name."""

    def resolve_text(text):
        with pytest.raises(ConfigError) as caught:
            sinks(text)
        return [line.partition(": ")[2] for line in caught.value.problems]

    return resolve_text


def mqtt(**keys):
    lines = (f"{key} = {value}" for key, value in keys.items())
    return 'node = "shed"\n[mqtt]\n' + "\n".join(lines)


def test_several_urls_are_tried_in_their_order(sinks):
    plan = sinks(mqtt(url='["mqtt://near", "mqtt://far:1884"]'))["mqtt"]
    assert broker(plan, "shed").addresses == (
        Address("near", 1883, False),
        Address("far", 1884, False),
    )


@pytest.mark.parametrize(("client_id", "used"), [("", "edge-shed"), ("mine", "mine")])
def test_the_client_id_is_the_nodes_unless_it_is_given(sinks, client_id, used):
    plan = sinks(mqtt(client_id=f'"{client_id}"'))["mqtt"]
    assert broker(plan, "shed").client_id == used


def test_a_second_broker_gets_its_own_client_id(sinks):
    text = mqtt() + '\n[[sink]]\nname = "cloud"\nurl = "mqtts://cloud"\n'
    assert broker(sinks(text)["cloud"], "shed").client_id == "edge-shed-cloud"


def test_a_password_comes_from_a_file_without_its_last_newline(tmp_path):
    (tmp_path / "password").write_text(" s3cret with spaces \r\n")
    assert read_password(str(tmp_path / "password"), "") == " s3cret with spaces "


def test_a_password_comes_from_systemds_credentials(tmp_path, monkeypatch):
    (tmp_path / "mqtt-password").write_text("s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_password("$CREDENTIALS_DIRECTORY/mqtt-password", "") == "s3cret"


def test_a_password_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "s3cret")
    assert read_password("", "MQTT_PASSWORD") == "s3cret"


def test_an_environment_variable_that_is_not_set_is_a_problem(problems, monkeypatch):
    monkeypatch.delenv("MQTT_PASSWORD", raising=False)
    (line,) = problems(mqtt(username='"me"', password_env='"MQTT_PASSWORD"'))
    assert line.startswith('mqtt.password_env = "MQTT_PASSWORD": not set in the environment')


def test_a_missing_password_file_is_a_problem(problems):
    (line,) = problems(mqtt(username='"me"', password_file='"/nowhere/password"'))
    assert line.startswith('mqtt.password_file = "/nowhere/password": No such file or directory')


def test_a_certificate_without_mqtts_is_a_problem(problems):
    (line,) = problems(mqtt(url='"mqtt://host"', ca='"ca.pem"'))
    assert "unused; write mqtts:// in url" in line


def test_no_url_at_all_is_a_problem(problems):
    (line,) = problems(mqtt(url="[]"))
    assert "write at least one" in line


FILE = """
[[sink]]
name = "archive"
url = "file:///var/log/events.jsonl"
"""


def test_a_sink_wants_all_kinds_from_now_on_unless_it_says_otherwise(sinks):
    plan = sinks(FILE)["archive"]
    assert (plan.kinds, plan.start, plan.options) == (frozenset(KINDS), "now", FileOptions())


def test_a_sink_says_which_kinds_it_wants_where_it_begins_and_its_own_keys(sinks):
    text = FILE + 'kinds = ["alert"]\nfrom = "beginning"\nmax_size = "1MB"\nfiles = 2\n'
    plan = sinks(text)["archive"]
    assert (plan.kinds, plan.start) == (frozenset({"alert"}), "beginning")
    assert plan.options == FileOptions(max_size=1_000_000, files=2)


@pytest.mark.parametrize(
    ("publish", "left_out"),
    [("all", set()), ("readings", {"aggregate"}), ("aggregates", {"reading"})],
)
def test_publish_says_which_kinds_the_broker_gets(sinks, publish, left_out):
    assert sinks(mqtt(publish=f'"{publish}"'))["mqtt"].kinds == frozenset(KINDS) - left_out


def test_the_broker_of_live_state_comes_first_and_gets_what_the_log_has(sinks):
    plans = list(sinks(FILE).values())
    assert [(plan.name, plan.live, plan.start) for plan in plans] == [
        ("mqtt", True, "beginning"),
        ("archive", False, "now"),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("gopher://hole", "sink.archive.url: the scheme 'gopher' is unknown: known: "),
        ("flie:///x", "did you mean file:?"),
        ("sqs://sqs.eu-central-1.amazonaws.com/1/q", "did you mean sqs+https:?"),
        ("events.jsonl", "sink.archive.url: the URL has no scheme: for a file write file:"),
        ("file:", 'sink.archive.url = "file:": name one file'),
    ],
)
def test_a_wrong_url_says_what_to_write(problems, change, problem):
    (line,) = problems(FILE.replace("file:///var/log/events.jsonl", change))
    assert problem in line


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('kinds = ["alerts"]', "sink.archive.kinds"),
        ("kinds = []", "sink.archive.kinds"),
        ('from = "start"', "sink.archive.from"),
        ("files = 0", "sink.archive.files = 0"),
        ('max_size = "1kB"', "sink.archive.max_size"),
        ("file = 3", "sink.archive.file = 3: unknown; did you mean 'files'?"),
        ("max_batch = 0", "sink.archive.max_batch"),
    ],
)
def test_a_wrong_key_is_named_with_its_table(problems, line, problem):
    (found,) = problems(FILE + line)
    assert found.startswith(problem)


def test_two_sinks_of_one_name_are_refused(problems):
    assert problems(FILE.replace("archive", "mqtt"))[0].startswith(
        'sink.mqtt.name = "mqtt": another sink has this name'
    )


def test_two_readings_of_one_file_are_equal_tls_included(sinks):
    text = mqtt(url='"mqtts://host"', keep_alive='"1m"') + FILE
    assert sinks(text) == sinks(text)


def test_two_sinks_cannot_write_one_file(problems):
    (line,) = problems(FILE + FILE.replace("archive", "copy").replace("/log/", "/log/../log/"))
    assert line == "sink.copy: archive uses the file /var/log/events.jsonl; choose another"


def test_a_file_sink_cannot_write_the_event_log(problems):
    (line,) = problems('[log]\npath = "/var/log/events.jsonl"\n' + FILE)
    assert line == "sink.archive: the event log uses the file /var/log/events.jsonl; choose another"


def test_two_sinks_cannot_use_one_client_id_at_one_broker(problems):
    cloud = '[[sink]]\nname = "cloud"\nurl = "mqtt://near"\nclient_id = "edge-shed"\n'
    (line,) = problems(mqtt(url='"mqtt://near"') + "\n" + cloud)
    assert "sink.cloud: mqtt uses the client id 'edge-shed' at near:1883" in line


@pytest.mark.parametrize("url", ["file:", "file:///"])
def test_a_file_sink_names_a_file(problems, url):
    (line,) = problems(FILE.replace("file:///var/log/events.jsonl", url))
    assert "name one file, as in file:///" in line


def test_topics_begin_with_edge_and_the_nodes_name_unless_the_configuration_says_otherwise(sinks):
    assert sinks(mqtt())["mqtt"].options.topic == "edge/{node}"
    assert sinks(mqtt(topic='"site-7/{node}/v1.0"'))["mqtt"].options.topic == "site-7/{node}/v1.0"


@pytest.mark.parametrize(
    ("topic", "remedy"),
    [
        ("", "write {node} once, as a level of its own"),
        ("site", "write {node} once, as a level of its own"),
        ("site-{node}", "write {node} once, as a level of its own"),
        ("{node}/{node}", "write {node} once, as a level of its own"),
        ("/site/{node}", "no slash at an end"),
        ("site/{node}/", "no slash at an end"),
        ("site//{node}", "between slashes are letters, digits"),
        ("{node}/+", "between slashes are letters, digits"),
        ("$SYS/{node}", "between slashes are letters, digits"),
        ("my site/{node}", "between slashes are letters, digits"),
        ("{site}/{node}", "between slashes are letters, digits"),
        ("größe/{node}", "between slashes are letters, digits"),
        ("a/b/c/d/{node}/e", "at most 5 levels and 100 characters"),
        ("a" * 100 + "/{node}", "at most 5 levels and 100 characters"),
    ],
)
def test_a_topic_that_cannot_be_used_is_a_problem_with_its_remedy(problems, topic, remedy):
    (problem,) = problems(mqtt(topic=f'"{topic}"'))
    assert problem.startswith("mqtt.topic")
    assert remedy in problem


def test_a_further_sink_has_a_topic_of_its_own_and_a_hub_has_none(sinks, problems):
    sink = '[[sink]]\nname = "cloud"\nurl = "mqtts://cloud.example"\ntopic = "{node}/raw"\n'
    assert sinks(f'node = "shed"\n{sink}')["cloud"].options.topic == "{node}/raw"
    hub = sink + 'profile = "azure-iot-hub"\nclient_id = "shed"\n'
    found = problems(f'node = "shed"\n{hub}')
    assert any("sink.cloud.topic" in one and "prescribes its topics" in one for one in found)

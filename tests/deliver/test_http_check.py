"""What `check` says of an HTTP sink, what the answers mean, and what the doctor finds."""

import tomllib

import pytest
from lab.broker import free_port

from edge_agent.deliver.http.address import parse_url
from edge_agent.deliver.http.answers import LONGEST_PAUSE, HttpAnswer, clean
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.http.sink import SINK
from edge_agent.deliver.sink import SinkPlan
from edge_agent.deliver.web.address import HttpAddress

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
NOW = 1_795_820_400.0  # Fri, 27 Nov 2026 23:00:00 GMT


def problems(url="https://host/", max_batch=1, **options):
    urls = url if isinstance(url, tuple) else (url,)
    plan = SinkPlan("web", urls, HttpOptions(**options), max_batch=max_batch)
    return list(SINK.check(plan))


@pytest.mark.parametrize(
    "url, address",
    [
        ("https://a.example", HttpAddress("a.example", 443, tls=True)),
        ("https://a.example:8443/e?k=v", HttpAddress("a.example", 8443, True, "/e?k=v")),
        ("http://localhost:8080/e", HttpAddress("localhost", 8080, False, "/e")),
        ("http://[::1]/e", HttpAddress("::1", 80, False, "/e")),
    ],
)
def test_a_url_names_host_port_and_target(url, address):
    assert parse_url(url) == address


def test_the_header_host_leaves_out_the_usual_port():
    found = ["https://h/", "https://h:8443/", "http://localhost/", "http://[::1]:81/"]
    assert [str(parse_url(url)) for url in found] == ["h", "h:8443", "localhost", "[::1]:81"]


@pytest.mark.parametrize(
    "url, complaint",
    [
        ("http://events.example/s3cret", "write https://"),
        ("https:///s3cret", "there is no host"),
        ("https://me:s3cret@host/", "set token_file or secret_file"),
        ("https://host:99999/s3cret", "the port must be"),
        ("https://host/s3cret#here", "remove it"),
        ("https://host/s3 cret", "ASCII characters only"),
        ("https://host/s3crét", "ASCII characters only"),
        ("ftp://host/s3cret", "write https://host/path"),
        (("https://a/s3cret", "https://b/s3cret"), "name one URL"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_it(url, complaint):
    (problem,) = problems(url)
    assert complaint in problem.what
    assert "s3c" not in f"{problem.what} {problem.value}"


@pytest.mark.parametrize(
    "options, key, complaint",
    [
        ({"content": "binary", "max_batch": 2}, "content", "a batch has no binary form"),
        ({"content": "binary", "secret_env": "GOOD"}, "content", "sign structured events"),
        ({"secret_env": "SHORT"}, "secret_env", "between 24 and 64 bytes"),
        ({"secret_env": "PLAIN"}, "secret_env", "does not begin with whsec_"),
        ({"secret_env": "NOISE"}, "secret_env", "is not base64"),
        ({"token_env": "EMPTY"}, "token_env", "the token is empty"),
        ({"token_env": "LINES"}, "token_env", "a space or a character beyond ASCII"),
        ({"token_env": "UNSET"}, "token_env", "not set in the environment"),
        ({"token_file": "/nowhere/token"}, "token_file", "No such file"),
        ({"certificate": "/nowhere/c.pem"}, "certificate", "it needs key as well"),
        ({"url": "http://localhost/", "ca": "/ca.pem"}, "ca", "unused; write https://"),
    ],
)
def test_check_finds_a_mistake_without_a_network(monkeypatch, options, key, complaint):
    values = {"GOOD": SECRET, "SHORT": "whsec_QUJD", "PLAIN": "hunter2", "NOISE": "whsec_?"}
    for name, value in (values | {"EMPTY": "\n", "LINES": "a b"}).items():
        monkeypatch.setenv(name, value)
    (problem,) = problems(**options)
    assert (problem.key, complaint in problem.what) == (key, True)
    assert "hunter2" not in problem.what


def test_a_secret_that_every_user_can_read_is_a_problem(tmp_path):
    file = tmp_path / "token"
    file.write_text("t0psecret")
    file.chmod(0o644)
    (problem,) = problems(token_file=str(file))
    assert "every user of this machine can read it" in problem.what


def test_a_right_plan_has_no_problems(monkeypatch):
    monkeypatch.setenv("GOOD", SECRET)
    assert problems(secret_env="GOOD", token_env="GOOD", max_batch=100) == []


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "99999"}, LONGEST_PAUSE),
        ({"retry-after": "9" * 5000}, 0),
        ({"retry-after": "-7"}, 0),
        ({"retry-after": "Fri, 27 Nov 2026 23:00:30 GMT"}, 30),
        ({"retry-after": "Fri, 27 Nov 2026 22:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 27 Nov 2099 22:00:00 GMT"}, LONGEST_PAUSE),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "Fri, 99 Nov 2026 99:00:00 GMT"}, 0),
        # The server's own clock counts, whatever ours says.
        (
            {
                "retry-after": "Fri, 27 Nov 2020 10:00:30 GMT",
                "date": "Fri, 27 Nov 2020 10:00:00 GMT",
            },
            30,
        ),
    ],
)
def test_a_pause_is_bounded(headers, seconds):
    assert HttpAnswer(503, headers).pause(NOW) == seconds


def test_a_redirect_says_where_to_point_the_url():
    answer = HttpAnswer(308, {"location": "https://new.example/hooks/s3cret/"})
    remedy = answer.remedy("https://old.example/hooks/s3cret", ("/hooks/s3cret",))
    assert remedy == "write in url where it points to: https://new.example***/"


def test_every_remedy_is_for_an_answer_that_is_not_owned():
    answers = [HttpAnswer(status, {}) for status in range(100, 600)]
    assert [each.status for each in answers if each.owned] == list(range(200, 300))
    assert {each.status for each in answers if each.about_the_message} == {400, 413, 415, 422}
    assert all(each.remedy("https://h/", ()) for each in answers)


def test_a_text_from_outside_becomes_a_short_line():
    assert clean("<b>no</b>\r\n\x1b[31mway", ()) == "no [31mway"
    assert len(clean("<" * 100_000, ())) == 200
    assert clean("key t0psecret", ["t0psecret"]) == "key ***"


def reached(url, **options):
    plan = SinkPlan("web", (url,), HttpOptions(**options))
    return [problem.what for problem in SINK.reach(plan, "greenhouse")]


@pytest.mark.parametrize("status", [204, 400, 405, 501])
def test_the_doctor_finds_nothing_if_a_server_answers(event_server, status):
    server = event_server()
    server.answer(status=status)
    assert reached(server.url) == []
    assert [each["method"] for each in server.requests()] == ["OPTIONS"]


@pytest.mark.parametrize(
    "how, found",
    [
        ({"status": 401}, "renew the token"),
        ({"status": 403}, "the right to post"),
        ({"status": 404, "body": "no /hooks/s3cret; sorry"}, "correct the path of the URL"),
        ({"status": 301, "headers": {"Location": "https://b.example/"}}, "https://b.example/"),
        ({"status": 503}, "look into the server's log"),
        ({"headers": {"Allow": "GET, HEAD"}}, "it takes no POST there"),
    ],
)
def test_the_doctor_reports_what_stands_in_the_way(event_server, how, found):
    server = event_server()
    server.answer(**how)
    (what,) = reached(server.url)
    assert found in what
    assert "s3cret" not in what
    assert what.count("; ") == 1, "the doctor takes what follows as the remedy"


def test_the_doctor_sends_the_login(event_server, monkeypatch):
    monkeypatch.setenv("TOKEN", "t0ken")
    monkeypatch.setenv("GOOD", SECRET)
    server = event_server()
    assert reached(server.url, token_env="TOKEN", secret_env="GOOD") == []
    headers = server.requests()[0]["headers"]
    assert headers["authorization"] == "Bearer t0ken"
    assert headers["webhook-signature"].startswith("v1,")


def test_the_doctor_says_why_there_is_no_answer(tmp_path):
    (what,) = reached(f"http://127.0.0.1:{free_port()}/")
    assert "nothing listens on this port; start the server" in what
    (what,) = reached("https://127.0.0.1:9/", token_file=str(tmp_path / "away"))
    assert "No such file" in what


def test_both_schemes_are_installed(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    sinks = project["entry-points"]["edge_agent.sinks"]
    assert sinks["http"] == sinks["https"] == "edge_agent.deliver.http.sink:SINK"

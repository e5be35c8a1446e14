"""The HTTP sink with a real server process: what is taken, refused, tried again."""

import pytest
from lab.event_server import read_by_the_sdk

from edge_agent.errors import EventRejected

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
HUGE = '{"text":"%s"}' % ("x" * 2000)
POISON = '{"text":"poison"}'


def ids(server):
    return [event.get_id() for each in server.taken() for event in read_by_the_sdk(each)]


def test_events_go_over_one_connection(event_server, poster, events):
    server = event_server()
    assert poster(server.url).deliver(events(20)) == 20
    assert (len(server.requests()), server.connections()) == (20, 1)


def test_a_batch_is_one_request(event_server, poster, events):
    server = event_server()
    assert poster(server.url, max_batch=50).deliver(events(20)) == 20
    assert len(server.requests()) == 1


def test_the_sdk_finds_every_attribute_in_all_three_forms(event_server, poster, events):
    found = []
    for form in ({}, {"content": "binary"}, {"max_batch": 2}):
        server = event_server()
        assert poster(server.url, **form).deliver(events(2)) == 2
        read = [event for each in server.taken() for event in read_by_the_sdk(each)]
        found.append([(event.get_attributes(), event.get_data()) for event in read])
    assert found[0] == found[1] == found[2]
    attributes, data = found[0][1]
    assert (attributes["id"], attributes["type"]) == ("log:2", "edge.reading.v1")
    assert data == {"n": 1}


def test_what_a_request_holds(event_server, poster, events):
    server = event_server()
    poster(server.url, content="binary").deliver(events(1))
    (request,) = server.requests()
    headers = request["headers"]
    assert (request["method"], request["path"]) == ("POST", "/hooks/s3cret?key=hunter2")
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert (headers["content-type"], headers["ce-subject"]) == ("application/json", "air")


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 409, 410, 429, 500, 503, 418, 301])
def test_an_answer_that_is_not_about_the_message_lets_events_wait(
    event_server, poster, events, status
):
    server = event_server()
    server.answer(status=status, headers={"Location": "https://elsewhere.example/"})
    web = poster(server.url)
    assert f"it answers {status} " in web.fails(events(3))
    server.answer()
    assert web.deliver(events(3)) == 3


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_one_event_that_the_server_refuses_is_stepped_over(event_server, poster, events, status):
    server = event_server()
    server.answer(poison="poison", refusal=status, body="bad text")
    web = poster(server.url)
    batch = [*events(2), *events(1, 3, data=POISON), *events(2, 4)]
    settled, refused = web.refuses(batch)
    assert settled == 3
    assert refused.keys() == {3}
    assert f"it answers {status} " in refused[3]
    assert "bad text" in refused[3]
    assert web.deliver(batch[3:]) == 2


@pytest.mark.parametrize("place", [0, 36, 99])
def test_the_event_that_a_batch_is_refused_for_is_found(event_server, poster, events, place):
    server = event_server()
    server.answer(poison="poison", refusal=422)
    web, batch, refused = poster(server.url, max_batch=100), events(100), {}
    batch[place] = events(1, place + 1, data=POISON)[0]
    left = list(batch)
    while left:
        try:
            settled = web.deliver(left)
        except EventRejected as error:
            settled, refused = error.settled, refused | error.refused
        left = left[settled:]
    assert refused.keys() == {place + 1}
    assert set(ids(server)) == {f"log:{n}" for n in range(1, 101) if n != place + 1}
    assert len(server.requests()) < 50


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_server_that_refuses_everything_refuses_nothing_for_good(
    event_server, poster, events, status
):
    server = event_server()
    web = poster(server.url)
    web.deliver(events(5))
    server.answer(status=status)
    for _ in range(3):
        assert f"it answers {status} " in web.fails(events(5, 6))
    server.answer()
    assert web.deliver(events(5, 6)) == 5


def test_after_a_start_another_kind_shows_that_the_server_takes_events(
    event_server, poster, events
):
    server = event_server()
    server.answer(poison="poison", refusal=400)
    batch = [*events(3, data=POISON), *events(1, 4, kind="alert")]
    settled, refused = poster(server.url).refuses(batch)
    assert (settled, refused.keys()) == (1, {1})


def test_a_gap_event_is_never_refused(event_server, poster, events):
    server = event_server()
    server.answer(poison="poison", refusal=400)
    web = poster(server.url)
    web.deliver(events(1))
    assert "it answers 400" in web.fails(events(1, 2, kind="gap", data=POISON))


def test_a_batch_that_is_too_large_goes_in_smaller_ones(event_server, poster, events):
    server = event_server()
    server.answer(largest=5000)
    web, left = poster(server.url, max_batch=100), events(100)
    while left:
        left = left[web.deliver(left) :]
    assert ids(server) == [f"log:{n}" for n in range(1, 101)]
    refused = len(server.requests()) - len(server.taken())
    assert refused < 6, "it remembers what the server takes"


def test_a_pause_that_the_server_asks_for_is_kept(event_server, poster, events):
    server = event_server()
    server.answer(status=429, headers={"Retry-After": "500"})
    web = poster(server.url)
    assert web.fails(events(3)) == web.fails(events(3)) == web.fails(events(3))
    assert len(server.requests()) == 1


def test_what_was_taken_before_a_failure_counts(event_server, poster, events):
    server = event_server()
    server.answer(poison="poison", refusal=503)
    batch = [*events(2), *events(1, 3, data=POISON)]
    web = poster(server.url)
    assert web.deliver(batch) == 2
    assert "it answers 503" in web.fails(batch[2:])


def test_a_server_killed_after_it_stored_an_event_gets_it_again(event_server, poster, events):
    server = event_server()
    server.answer(die=True)
    web = poster(server.url)
    assert "closes the connection without an answer" in web.fails(events(1))
    server.kill()
    server.answer()
    server.start()
    assert web.deliver(events(2)) == 2
    assert set(ids(server)) == {"log:1", "log:2"}


def test_no_message_shows_what_is_secret(event_server, poster, events, tmp_path):
    token = tmp_path / "token"
    token.write_text("t0psecret\n")
    server = event_server()
    web = poster(server.url, token_file=str(token))
    echo = f"Cannot POST /hooks/s3cret?key=hunter2 with t0psecret, see {server.url}"
    texts = []
    for status in (404, 301, 400):
        server.answer(status=status, body=echo, headers={"Location": server.url + "/"})
        texts.append(web.fails(events(2)))
    assert all("***" in text for text in texts)
    assert not any(word in text for text in texts for word in ("s3cret", "hunter2", "t0psecret"))


def test_a_token_is_read_afresh_for_each_request(event_server, poster, events, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    server = event_server()
    web = poster(server.url, token_file=str(token))
    web.deliver(events(1))
    token.write_text("second\n")
    web.deliver(events(1, 2))
    sent = [each["headers"]["authorization"] for each in server.requests()]
    assert sent == ["Bearer first", "Bearer second"]
    token.unlink()
    assert f"token_file = {token}: No such file" in web.fails(events(1, 3))


def test_a_signature_waits_for_the_clock(event_server, poster, events, monkeypatch):
    monkeypatch.setenv("SIGNING", SECRET)
    web = poster(event_server().url, secret_env="SIGNING")
    web.trusted = False
    assert "the clock is not set yet" in web.fails(events(1))
    web.trusted = True
    assert web.deliver(events(1)) == 1


def test_the_page_shows_how_to_check_a_signature(event_server, poster, events, monkeypatch, root):
    monkeypatch.setenv("SIGNING", SECRET)
    server = event_server()
    poster(server.url, secret_env="SIGNING", max_batch=3).deliver(events(3))
    (request,) = server.requests()
    page = (root / "docs/sinks.md").read_text()
    code = page.split("```python\nimport hmac")[1].split("```")[0]
    names = {}
    exec(f"import hmac{code}", names)
    assert names["is_genuine"](SECRET, request["headers"], request["body"])
    assert not names["is_genuine"](SECRET, request["headers"], request["body"] + b" ")
    old = request["headers"] | {"webhook-timestamp": "1700000000"}
    assert not names["is_genuine"](SECRET, old, request["body"])


def test_an_id_names_exactly_the_events_of_a_batch(event_server, poster, events, monkeypatch):
    monkeypatch.setenv("SIGNING", SECRET)
    server = event_server()
    web = poster(server.url, secret_env="SIGNING", max_batch=3)
    for count in (3, 2, 1):
        web.deliver(events(count))
    sent = [each["headers"]["webhook-id"] for each in server.requests()]
    assert sent == ["log:1-3", "log:1-2", "log:1"]

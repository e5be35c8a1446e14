"""Who gets in: with a password, only those who have it; without one, only this machine."""

import pytest

from edge_agent.observe.web import admission
from edge_agent.observe.web.login import SECONDS, SESSIONS
from edge_agent.observe.web.route import Json, Route, Stream
from edge_agent.observe.web.static_files import PUBLIC, static_files
from tests.page_client import PASSWORD

TRIES = admission.TRIES[0]


class Secrets:
    """A view that a stranger must not see."""

    def routes(self):
        yield Route("GET", "api/one", lambda _query: Json("secret"))
        yield Route("POST", "api/two", lambda _query: Json("secret"))
        yield Stream("api/live", lambda: ["secret"], list)


@pytest.fixture
def page(serve):
    return serve(Secrets(), password=PASSWORD)


CLOSED = ["/api/one", "/api/live", "/api/session", "/nothing", *({*static_files()} - PUBLIC)]


@pytest.mark.parametrize("path", sorted(CLOSED))
def test_a_stranger_gets_nothing_but_what_a_login_needs(page, path):
    answered = page.get(path)
    assert answered.status == (303 if path == "/" else 401)
    assert b"secret" not in answered.body


@pytest.mark.parametrize("path", ["/api/two", "/api/logout"])
def test_a_stranger_has_no_effect(page, path):
    assert page.ask("POST", path, {}).status == 401


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_a_login_needs_these_files(page, path):
    assert page.get(path).status == 200


def test_a_stranger_is_led_to_the_login_below_any_path_of_a_proxy(page):
    assert page.get("/").headers["location"] == "login"


def test_the_password_opens_a_session(page):
    session = page.log_in()
    assert page.get("/api/one", **session).json == "secret"
    assert page.ask("POST", "/api/two", {}, **session).json == "secret"
    assert page.get("/", **session).status == 200


def test_the_cookie_is_for_this_page_and_no_script(page):
    cookie = page.ask("POST", "/login", {"password": PASSWORD}).headers["set-cookie"]
    _, *attributes = cookie.split("; ")
    assert attributes == [f"Max-Age={SECONDS:.0f}", "HttpOnly", "SameSite=Strict"]
    assert cookie.startswith(f"edge_session_{page.port}=")


def test_the_cookie_behind_a_proxy_with_https_is_only_for_https(page):
    body, headers = {"password": PASSWORD}, {"x-forwarded-proto": "https"}
    cookie = page.ask("POST", "/login", body, **headers).headers["set-cookie"]
    assert cookie.endswith("; Secure")


@pytest.mark.parametrize("password", ["", "a long passwort", PASSWORD + " ", PASSWORD.upper(), "é"])
def test_another_password_opens_nothing(page, password):
    answered = page.ask("POST", "/login", {"password": password})
    assert (answered.status, answered.json) == (403, {"error": "this is not the password"})
    assert "set-cookie" not in answered.headers


@pytest.mark.parametrize("body", [None, [], {}, {"password": 5}, {"password": None}])
def test_a_login_without_a_password_is_refused(page, body):
    assert page.ask("POST", "/login", body).status == 400


def test_few_passwords_are_tried_at_once_and_then_slowly(page):
    for _ in range(TRIES):
        assert page.ask("POST", "/login", {"password": "guess"}).status == 403
    refused = page.ask("POST", "/login", {"password": PASSWORD})
    assert (refused.status, "retry-after" in refused.headers) == (429, True)
    page.now += 1 / admission.TRIES[1]
    assert page.ask("POST", "/login", {"password": PASSWORD}).status == 200


def test_who_guesses_through_a_proxy_does_not_lock_others_out(page):
    for _ in range(TRIES + 1):
        page.ask("POST", "/login", {"password": "guess"}, **{"x-forwarded-for": "evil, 192.0.2.1"})
    others = {"x-forwarded-for": "192.0.2.1, 192.0.2.2"}
    assert page.ask("POST", "/login", {"password": PASSWORD}, **others).status == 200


@pytest.mark.parametrize("name", ["unknown", "x" * 1000, "1.2.3"])
def test_what_a_proxy_names_counts_only_if_it_is_an_address(page, name):
    forwarded = {"x-forwarded-for": name}
    for _ in range(TRIES):
        page.ask("POST", "/login", {"password": "guess"}, **forwarded)
    assert page.ask("POST", "/login", {"password": PASSWORD}).status == 429


def test_many_addresses_together_try_few_passwords(page):
    found = [
        page.ask("POST", "/login", {"password": "guess"}, **{"x-forwarded-for": f"192.0.2.{n}"})
        for n in range(admission.ALL_TRIES[0] + 1)
    ]
    assert [one.status for one in found] == [403] * (len(found) - 1) + [429]


def test_a_session_ends_with_a_logout(page):
    session = page.log_in()
    assert (
        page.ask("POST", "/api/logout", {}, **session)
        .headers["set-cookie"]
        .split("; ")[0]
        .endswith("=")
    )
    assert page.get("/api/one", **session).status == 401


def test_a_session_that_is_used_lasts_and_one_that_is_not_ends(page):
    session = page.log_in()
    for _ in range(3):
        page.now += SECONDS - 1
        assert page.get("/api/one", **session).status == 200
    page.now += SECONDS + 1
    assert page.get("/api/one", **session).status == 401


def test_the_session_that_was_used_longest_ago_makes_room(page):
    first, second = page.log_in(), page.log_in()
    page.get("/api/one", **first)
    for _ in range(SESSIONS - 1):
        page.now += 1
        page.ask("POST", "/login", {"password": PASSWORD})
    assert page.get("/api/one", **first).status == 200
    assert page.get("/api/one", **second).status == 401


def test_a_stream_ends_with_its_session(page):
    session = page.log_in()
    with page.watch("/api/live", cookie=session["cookie"]) as viewer:
        viewer.until(b"secret")
        page.ask("POST", "/api/logout", {}, **session)
        page.now += 60
        viewer.until_end()


def test_a_program_sends_the_password_itself(page):
    headers = {"authorization": f"Bearer {PASSWORD}"}
    assert page.get("/api/one", **headers).json == "secret"
    assert page.ask("POST", "/api/two", {}, **headers).json == "secret"


def test_a_program_with_another_password_is_refused_and_soon_slowed_down(page):
    headers = {"authorization": "Bearer guess"}
    found = [page.get("/api/one", **headers).status for _ in range(TRIES + 1)]
    assert found == [403] * TRIES + [429]


@pytest.mark.parametrize("token", ["", "wrong"])
def test_another_site_that_sends_our_cookie_has_no_effect(page, token):
    session = page.log_in() | {"x-csrf-token": token}
    assert page.ask("POST", "/api/two", {}, **session).status == 403


@pytest.mark.parametrize("type_", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_has_no_effect(page, type_):
    session = page.log_in() | {"content-type": type_}
    assert page.ask("POST", "/api/two", {}, **session).status == 415


def test_without_a_password_this_machine_gets_in_but_another_site_has_no_effect(serve):
    page = serve(Secrets())
    token = {"x-csrf-token": page.get("/api/session").json["csrf"]}
    assert page.get("/api/one").json == "secret"
    assert page.ask("POST", "/api/two", {}).status == 403
    assert page.ask("POST", "/api/two", {}, **token).json == "secret"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil", "", "192.0.2.1"]
)
def test_without_a_password_a_name_that_resolves_to_us_leads_nowhere(serve, host):
    answered = serve(Secrets()).get("/api/one", host=host)
    assert answered.status == 421
    assert "set password_file" in answered.json["error"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:8080"]
)
def test_without_a_password_this_machine_may_be_named_as_usual(serve, host):
    assert serve(Secrets()).get("/api/one", host=host).status == 200


def test_without_a_password_nothing_is_open_to_a_proxy(serve):
    assert serve(Secrets()).get("/api/one", **{"x-forwarded-for": "192.0.2.1"}).status == 421


def test_the_password_is_in_no_response(page):
    session = page.log_in()
    paths = ["/api/session", "/api/one", "/login", *static_files()]
    responses = [page.get(path, **session) for path in paths]
    assert all(PASSWORD.encode() not in one.body for one in responses)
    assert PASSWORD not in str([one.headers for one in responses])

"""Nothing that the page of the real program sends has a secret, whatever its sinks do."""

import urllib.request

import pytest
from lab.broker import free_port

KEY = "c2lnbmluZy1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="
SECRETS = ("mqtt-pass-hunter2", "bearer-token-abcdef", f"whsec_{KEY}", "page-password-long")
CONFIG = """
node = "shed"
[mqtt]
username = "edge"
password_file = "{directory}/mqtt"
[web]
listen = "127.0.0.1:{port}"
password_file = "{directory}/web"
[[device]]
name = "air"
driver = "sht4x"
every = "200ms"
[[sink]]
name = "hook"
url = "http://127.0.0.1:{hook}/in"
token_file = "{directory}/token"
secret_file = "{directory}/secret"
"""
PATHS = ("api/now", "api/config", "api/doctor", "api/refusals", "api/events", "api/event?id=1")


@pytest.fixture
def page(agent, tmp_path, port, broker, wait_for):
    """A function: what the page of the program answers to who has its password."""
    for name, secret in zip(("mqtt", "token", "secret", "web"), SECRETS, strict=True):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    config = CONFIG.format(directory=tmp_path, port=port, hook=free_port())
    agent(broker.url, config).start("--trace")

    def get(path, method="GET"):
        headers = {"Authorization": f"Bearer {SECRETS[-1]}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{port}/{path}"
        body = b"{}" if method == "POST" else None
        request = urllib.request.Request(url, body, headers, method=method)
        return urllib.request.urlopen(request, timeout=60)

    wait_for(lambda: answers(get))
    return get


def answers(get):
    try:
        get("api/now").close()
    except OSError:
        return False
    return True


def has_run(report):
    """Return whether the doctor has begun and ended."""
    return '"running":false' in report and '"began":null' not in report


def text_of(answer):
    with answer:
        return answer.read().decode()


def test_no_answer_of_the_page_has_a_secret(page, wait_for):
    page("api/doctor", "POST").close()
    wait_for(lambda: has_run(text_of(page("api/doctor"))))
    wait_for(lambda: "reading" in text_of(page("api/events")))
    for path in PATHS:
        text = text_of(page(path))
        assert text.startswith(("{", "[")), path
        assert [secret for secret in SECRETS if secret in text] == [], path


def test_no_line_of_the_log_has_a_secret(page, wait_for):
    lines = []
    with page("api/lines") as stream:
        while not any("hook" in line for line in lines):
            lines.append(stream.readline().decode())
    wait_for(lambda: '"hook"' in text_of(page("api/refusals")))
    assert [line for line in lines if any(secret in line for secret in SECRETS)] == []

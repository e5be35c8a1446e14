"""A real Home Assistant as a process: a login token and the MQTT integration are set up already."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from lab.broker import free_port
from lab.waiting import eventually

KEY = "the-key-of-the-tests"
CREATED = "2024-01-01T00:00:00.000000+00:00"
YEARS = 3.0e8  # seconds
PATIENCE = 300.0  # s: it starts within ten, except where much else runs


class HomeAssistant:
    """`hass` from its own environment, on the loopback; `start` and `stop` it at will."""

    def __init__(self, program, directory, broker_port):
        self._program = program
        self._directory = directory
        self._port = free_port()
        self._process = None
        self._prepare(broker_port)

    def start(self):
        with (self._directory / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program, "--config", str(self._directory), "--skip-pip"],
                stdout=output,
                stderr=output,
            )
        try:
            eventually(self._runs, PATIENCE)
        except AssertionError:
            self.kill()
            raise
        return self

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def states(self):
        """Return state and attributes of each entity, by its id."""
        return {one["entity_id"]: one for one in self._request("states")}

    def state(self, entity):
        return self.states().get(entity, {}).get("state")

    def wait_for(self, entity, state):
        """Wait for a state, or for one that a function accepts."""
        accepts = state if callable(state) else lambda found: found == state
        eventually(lambda: accepts(self.state(entity)), PATIENCE)

    def call(self, service, entity, **data):
        """Call a service such as `switch.turn_on`."""
        path = "services/" + service.replace(".", "/")
        self._request(path, {"entity_id": entity, **data})

    @property
    def pid(self):
        """Its process."""
        return self._process.pid

    def in_recovery_mode(self):
        """Return whether it runs with nothing that is configured."""
        return self._request("config")["recovery_mode"]

    @property
    def url(self):
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    def token(self):
        """Return a token of an administrator."""
        return _token()

    def complaints(self):
        """Return what its log has of warnings and errors about MQTT."""
        log = (self._directory / "home-assistant.log").read_text()
        lines = log.splitlines()
        return [one for one in lines if "components.mqtt" in one and " DEBUG " not in one]

    def configure(self, text):
        """Write its configuration.yaml, which it reads when it starts."""
        (self._directory / "configuration.yaml").write_text(text)

    def _listen(self):
        return {"server_host": ["127.0.0.1"], "server_port": self._port}

    def _runs(self):
        try:
            return self._request("config")["state"] == "RUNNING"
        except (OSError, urllib.error.URLError):
            assert self._process.poll() is None, "Home Assistant has ended"
            return False

    def _request(self, path, data=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/{path}",
            None if data is None else json.dumps(data).encode(),
            {"Authorization": f"Bearer {_token()}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _prepare(self, broker_port):
        storage = self._directory / ".storage"
        storage.mkdir(parents=True)
        listen = json.dumps(self._listen())
        self.configure(f"http: {listen}\napi:\nrecorder:\n  commit_interval: 0\n")
        _store(storage, "auth", 1, _login())
        _store(storage, "http", 1, self._listen())  # its recovery mode reads nothing else
        _store(storage, "core.config_entries", 4, {"entries": [_mqtt(broker_port)]})


def _store(storage, key, minor, data):
    stored = {"version": 1, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(stored))


def _login():
    user = {"id": "user", "group_ids": ["system-admin"], "name": "tests", "local_only": False}
    user |= {"is_owner": True, "is_active": True, "system_generated": False}
    token = {"id": "token", "user_id": "user", "client_id": None, "client_name": "tests"}
    token |= {"client_icon": None, "token_type": "long_lived_access_token", "token": "x"}
    token |= {"created_at": CREATED, "access_token_expiration": YEARS, "jwt_key": KEY}
    token |= {"last_used_at": None, "last_used_ip": None, "expire_at": None}
    token |= {"credential_id": None, "version": None}
    groups = [{"id": f"system-{name}", "name": name} for name in ("admin", "users", "read-only")]
    return {"users": [user], "groups": groups, "credentials": [], "refresh_tokens": [token]}


def _mqtt(port):
    entry = {"entry_id": "mqtt", "domain": "mqtt", "title": "mqtt", "source": "user"}
    entry |= {"version": 1, "minor_version": 2, "unique_id": None, "disabled_by": None}
    entry |= {"pref_disable_new_entities": False, "pref_disable_polling": False}
    entry |= {"created_at": CREATED, "modified_at": CREATED, "discovery_keys": {}}
    return entry | {"data": {"broker": "127.0.0.1", "port": port}, "options": {}}


def _token():
    """Return the token as Home Assistant signs it: HS256."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": "token", "iat": now, "exp": now + 86400}]
    text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{_base64(signature)}"


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def program():
    """Return where `hass` is; `make test-home-assistant` says it."""
    return os.environ["HOME_ASSISTANT"]


def version():
    """Return the version of what is tested."""
    return subprocess.check_output([program(), "--version"], text=True).strip()

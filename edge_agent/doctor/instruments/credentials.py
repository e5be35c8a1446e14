"""The files and variables that a configuration names for its secrets, as the service gets them."""

import os
from collections.abc import Iterator, Mapping
from errno import ENOENT
from pathlib import Path
from typing import NamedTuple

from edge_agent.config.config import Config
from edge_agent.doctor.instruments.configured_sinks import configured_sinks
from edge_agent.doctor.instruments.unit import Unit
from edge_agent.machine import Machine
from edge_agent.paths import CREDENTIALS

HANDED_OVER = ("/run/credentials/edge-agent.service/", "$CREDENTIALS_DIRECTORY/")


class SecretFile(NamedTuple):
    """A file that a key of the configuration names; `loaded` if systemd hands it to the service.

    `path` is None if the unit does not load the credential that the key names.
    """

    key: str
    named: str
    path: Path | None
    loaded: bool


class Credentials(NamedTuple):
    """The secrets of a configuration; `environment` is that of the caller."""

    config: Config | None
    unit: Unit
    machine: Machine
    environment: Mapping[str, str]

    def files(self) -> Iterator[SecretFile]:
        """Yield every file that holds a secret."""
        if self.config is None:
            return
        mqtt, web = self.config.mqtt, self.config.web
        named = {"mqtt.password_file": mqtt.password_file, "mqtt.key": mqtt.key}
        named |= {"web.password_file": web.password_file, "web.key": web.key}
        named |= {f"notify.{one.name}.url_file": one.url_file for one in self.config.notify}
        named |= {
            f"sink.{sink.plan.name}.{one.key}": one.named
            for sink in configured_sinks(self.config)
            for one in sink.named
            if one.of == "file" and one.secret
        }
        yield from (self._file(key, name) for key, name in named.items() if name)

    def secret_variables(self) -> Iterator[str]:
        """Yield the names of the variables that the configuration names for secrets."""
        if self.config is not None:
            yield self.config.mqtt.password_env
            yield self.config.web.password_env
        for sink in configured_sinks(self.config):
            yield from (one.named for one in sink.named if one.of == "variable")

    def path_of(self, named: str) -> Path | None:
        """Return the path of a file that the configuration names, as the caller sees it."""
        return self._file("", named).path

    def password(self) -> str:
        """Return the broker's password as the service gets it; empty if none is configured.

        Raise FileNotFoundError if it is not available here, and PermissionError.
        """
        mqtt = (self.config or Config()).mqtt
        if mqtt.password_env:
            return self._variable(mqtt.password_env)
        if not mqtt.password_file:
            return ""
        path = self.path_of(mqtt.password_file)
        if path is None:
            raise FileNotFoundError(ENOENT, "not loaded", mqtt.password_file)
        return path.read_text(encoding="utf-8", errors="replace").rstrip("\r\n")

    def variables(self) -> dict[str, str]:
        """Return the variables of the caller and of the unit."""
        return {**self.environment, **self.unit.environment()}

    def _variable(self, name: str) -> str:
        known = self.variables()
        if name not in known:
            raise FileNotFoundError(ENOENT, "not set", name)
        return known[name]

    def _file(self, key: str, named: str) -> SecretFile:
        for prefix in HANDED_OVER:
            if named.startswith(prefix):
                return SecretFile(key, named, self._stored(named.removeprefix(prefix)), loaded=True)
        return SecretFile(key, named, Path(os.path.expandvars(named)).expanduser(), loaded=False)

    def _stored(self, name: str) -> Path | None:
        """Return the file from which systemd loads a credential."""
        for value in self.unit.settings("LoadCredential"):
            loaded, _, path = value.partition(":")
            if loaded == name:
                return self.machine.path(path or f"{CREDENTIALS}/{name}")
        return None

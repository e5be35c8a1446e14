"""Files and variables that hold the secrets: there, readable for the service, and for no other."""

import os
from collections.abc import Iterator
from errno import ENOENT
from pathlib import Path
from typing import NamedTuple

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.doctor.instruments.unit import drop_in
from edge_agent.doctor.instruments.users import READ, obstacle
from edge_agent.paths import CREDENTIALS as CREDSTORE

CREDENTIALS = ("/run/credentials/edge-agent.service/", "$CREDENTIALS_DIRECTORY/")
OTHERS = 0o004


class Secret(NamedTuple):
    """A file that a key of the configuration names; `loaded` where systemd hands it over.

    `path` is None where the unit does not load the credential that the key names.
    """

    key: str
    named: str
    path: Path | None
    loaded: bool


def password_file(case: Case) -> Secret | None:
    """Return the file with the broker's password, if one is configured."""
    named = case.config.mqtt.password_file if case.config else ""
    return _secret(case, "mqtt.password_file", named) if named else None


def secrets(case: Case) -> Iterator[Secret]:
    """Yield every file that holds a secret."""
    if case.config is None:
        return
    first = password_file(case)
    if first is not None:
        yield first
    if case.config.mqtt.key:
        yield _secret(case, "mqtt.key", case.config.mqtt.key)
    for one in case.config.notify:
        if one.url_file:
            yield _secret(case, f"notify.{one.name}.url_file", one.url_file)


def path_of(case: Case, named: str) -> Path | None:
    """Return where a file is that the configuration names, as the caller sees it."""
    return _secret(case, "", named).path


def _secret(case: Case, key: str, named: str) -> Secret:
    for prefix in CREDENTIALS:
        if named.startswith(prefix):
            return Secret(key, named, _source(case, named.removeprefix(prefix)), loaded=True)
    return Secret(key, named, Path(os.path.expandvars(named)).expanduser(), loaded=False)


def _source(case: Case, name: str) -> Path | None:
    """Return the file from which systemd takes a credential."""
    for value in case.unit.settings("LoadCredential"):
        loaded, _, path = value.partition(":")
        if loaded == name:
            return case.machine.path(path or f"{CREDSTORE}/{name}")
    return None


def password(case: Case) -> str:
    """Return the broker's password as the service gets it, or nothing where none is configured.

    Raise FileNotFoundError where it is not to be had here, and PermissionError.
    """
    if case.config is not None and (name := case.config.mqtt.password_env):
        known = _variables(case)
        if name not in known:
            raise FileNotFoundError(ENOENT, "not set", name)
        return known[name]
    secret = password_file(case)
    if secret is None:
        return ""
    if secret.path is None:
        raise FileNotFoundError(ENOENT, "not loaded", secret.named)
    return secret.path.read_text(encoding="utf-8", errors="replace").rstrip("\r\n")


def _variables(case: Case) -> dict[str, str]:
    return {**case.reading.environment, **case.unit.environment()}


def check_credentials(case: Case) -> Iterator[Finding]:
    """Look for files with secrets that are not there, closed to the service, or open to all."""
    for secret in secrets(case):
        yield from _file(case, secret)
    yield from _variable(case)


def _file(case: Case, secret: Secret) -> Iterator[Finding]:
    if secret.path is None:
        name = secret.named.rpartition("/")[2]
        what = f"the unit loads no credential {name} for {secret.key}"
        remedy = drop_in("credential", f"LoadCredential={name}")
        yield problem("credential-not-loaded", secret.named, what, remedy)
    elif not secret.path.exists():
        what = f"{secret.key} names this file, and there is none"
        owner = "-m 600" if secret.loaded else f"-m 640 -g {_group(case)}"
        remedy = f"`sudo install -D {owner} /dev/stdin {secret.path}`, then paste the secret and"
        remedy += " press Ctrl-D twice"
        yield problem("credential-missing", str(secret.path), what, remedy)
    else:
        yield from _permissions(case, secret, secret.path)


def _permissions(case: Case, secret: Secret, path: Path) -> Iterator[Finding]:
    stat = case.probes.stat
    if stat(path).st_mode & OTHERS:
        what = f"every user of this machine can read the secret of {secret.key}"
        yield problem("credential-exposed", str(path), what, f"`sudo chmod o-rwx {path}`")
    barrier = None if secret.loaded else obstacle(case.user, stat, path, READ)
    if barrier is not None:
        what = f"user {case.user.name} may not read the secret of {secret.key}"
        mode = "g+rx" if barrier.is_dir() else "g+r"
        remedy = f"`sudo chgrp {_group(case)} {barrier} && sudo chmod {mode} {barrier}`"
        yield problem("credential-not-readable", str(barrier), what, remedy)


def _group(case: Case) -> str:
    return case.user.name if case.user.service else "$(id -gn)"


def _variable(case: Case) -> Iterator[Finding]:
    name = case.config.mqtt.password_env if case.config else ""
    if not name or name in _variables(case):
        return
    if any(case.unit.settings("EnvironmentFile")):
        return  # it may be set there
    what = f"mqtt.password_env names the variable {name}, which is not set"
    if case.unit.installed:
        remedy = (
            "better a file: `sudo install -D -m 600 /dev/stdin"
            f" {CREDSTORE}/edge-agent.mqtt-password`, and in place of password_env write"
            ' `password_file = "$CREDENTIALS_DIRECTORY/edge-agent.mqtt-password"` below [mqtt] in'
            f" {case.file}"
        )
    else:
        remedy = f"`export {name}=...` before the agent starts"
    yield warning("credential-variable", name, what, remedy)

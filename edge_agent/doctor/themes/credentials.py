"""Files and variables with secrets: they exist, and only the service can read them."""

from collections.abc import Iterator
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.doctor.instruments.credentials import SecretFile
from edge_agent.doctor.instruments.unit import drop_in
from edge_agent.doctor.instruments.users import READ, obstacle
from edge_agent.paths import CREDENTIALS

OTHERS = 0o004
ADVICE = {
    "credential-missing": "write the file",
    "credential-not-loaded": "`LoadCredential=` in a drop-in of the unit",
    "credential-not-readable": "give it to the service's group",
    "credential-exposed": "`sudo chmod o-rwx`",
    "credential-variable": "use a file instead of the variable",
}


def check_files(case: Case) -> Iterator[Finding]:
    """Find files with secrets that are missing, unreadable for the service, or open to all."""
    for file in case.credentials.files():
        yield from _file(case, file)


def _file(case: Case, file: SecretFile) -> Iterator[Finding]:
    if file.path is None:
        name = file.named.rpartition("/")[2]
        what = f"the unit does not load the credential {name} for {file.key}"
        remedy = drop_in("credential", f"LoadCredential={name}")
        yield problem("credential-not-loaded", file.named, what, remedy)
    elif not file.path.exists():
        what = f"the file that {file.key} names does not exist"
        owner = "-m 600" if file.loaded else f"-m 640 -g {_group(case)}"
        remedy = f"`sudo install -D {owner} /dev/stdin {file.path}`, then paste the secret and"
        remedy += " press Ctrl-D twice"
        yield problem("credential-missing", str(file.path), what, remedy)
    else:
        yield from _permissions(case, file, file.path)


def _permissions(case: Case, file: SecretFile, path: Path) -> Iterator[Finding]:
    stat = case.probes.stat
    if stat(path).st_mode & OTHERS:
        what = f"every user of this machine can read the secret of {file.key}"
        yield problem("credential-exposed", str(path), what, f"`sudo chmod o-rwx {path}`")
    barrier = None if file.loaded else obstacle(case.user, stat, path, READ)
    if barrier is not None:
        what = f"user {case.user.name} may not read the secret of {file.key}"
        mode = "g+rx" if barrier.is_dir() else "g+r"
        remedy = f"`sudo chgrp {_group(case)} {barrier} && sudo chmod {mode} {barrier}`"
        yield problem("credential-not-readable", str(barrier), what, remedy)


def _group(case: Case) -> str:
    return case.user.name if case.user.service else "$(id -gn)"


def check_variable(case: Case) -> Iterator[Finding]:
    """Check that the variable with the broker's password is set."""
    name = case.config.mqtt.password_env if case.config else ""
    if not name or name in case.credentials.variables():
        return
    if any(case.unit.settings("EnvironmentFile")):
        return  # it may be set there
    what = f"mqtt.password_env names the variable {name}, which is not set"
    if case.unit.installed:
        remedy = (
            "use a file instead: `sudo install -D -m 600 /dev/stdin"
            f" {CREDENTIALS}/edge-agent.mqtt-password`, and replace password_env with"
            ' `password_file = "$CREDENTIALS_DIRECTORY/edge-agent.mqtt-password"` under [mqtt] in'
            f" {case.file}"
        )
    else:
        remedy = f"`export {name}=...` before you start the agent"
    yield warning("credential-variable", name, what, remedy)

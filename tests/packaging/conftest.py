"""Fixtures of the Debian package's tests: `make test-deb`, as root; they take some minutes."""

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("EDGE_AGENT_TESTS", "~/.cache/edge-agent-tests")).expanduser()
MIRROR = "http://deb.debian.org/debian"
PARTS = ["CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"]
PARTS += ["consumers", "debian", "docs", "drivers", "edge_agent", "examples"]
PARTS += ["simulators", "systemd"]
APT = ["apt-get", "-o", "APT::Sandbox::User=root", "-qq", "-y"]
FIGURES = pytest.StashKey[dict[str, str]]()
# A private mount namespace: the machine's /proc, /sys and /dev, and apt's archives in the cache
ENTER = """
root=$1 archives=$2; shift 2
for each in proc sys dev; do mount --rbind /$each "$root/$each"; done
mount --bind "$archives" "$root/var/cache/apt/archives"
exec chroot "$root" "$@"
"""
# A migration of the log that only a later version has
LATER = """

def _m_later(db: Database) -> None:
    db.execute("CREATE TABLE later (x)")


STEPS = (*STEPS, _m_later)
"""


class Debian:
    """An installed Debian in its own folder; systemd does not run in it."""

    def __init__(self, root):
        self.root = root
        self._archives = CACHE / "archives"
        (self._archives / "partial").mkdir(parents=True, exist_ok=True)

    def start(self, *command, **options):
        """Start a command in it; return its process."""
        shell = ["sh", "-ec", ENTER, "sh", str(self.root), str(self._archives)]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        environment |= {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
        return subprocess.Popen(
            ["nice", "unshare", "--mount", *shell, *command],
            env=environment | options.pop("env", {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def try_(self, *command, **options):
        """Run a command in it; return its exit code and its output."""
        process = self.start(*command, **options)
        output = process.communicate(timeout=600)[0]
        return process.returncode, output

    def run(self, *command, **options):
        code, output = self.try_(*command, **options)
        assert code == 0, f"{' '.join(command)}: {code}\n{output}"
        return output

    def put(self, deb):
        """Copy a package into it; return the path for apt."""
        shutil.copy(deb, self.root / "root")
        return f"/root/{deb.name}"

    def install(self, deb, *options):
        return self.try_(*APT, *options, "install", self.put(deb))

    def path(self, name):
        return self.root / name.lstrip("/")

    def owner(self, name):
        """Return permissions, user and group of a file, by the names in this Debian."""
        return self.run("stat", "-c", "%a %U:%G", name).strip()

    @contextmanager
    def service(self, *arguments, **environment):
        """Run the agent as its unit does: the user, the groups, its folder."""
        become = ["setpriv", "--reuid=edge-agent", "--regid=edge-agent", "--init-groups"]
        command = ["/opt/edge-agent/bin/edge-agent", "run", "/etc/edge-agent/config.toml"]
        state = {"STATE_DIRECTORY": "/var/lib/edge-agent"}
        agent = self.start(*become, *command, *arguments, env=state | environment)
        try:
            yield agent
        finally:
            agent.kill()  # nothing happens to one that has ended
            agent.communicate()

    def log(self):
        """Return the only database of the agent."""
        [found] = self.path("/var/lib/edge-agent").glob("*.db")
        return found


def mirror():
    """Return the mirror of Debian that this machine's apt uses."""
    known = subprocess.check_output(["apt-get", "indextargets", "--format", "$(REPO_URI)"])
    uris = (line.rstrip("/") for line in known.decode().splitlines())
    return next((uri for uri in uris if uri.endswith("/debian")), MIRROR)


def bare(suite):
    """Return an archive of a minimal Debian, made once."""
    archive = CACHE / f"{suite}-minbase.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = archive.with_suffix(".new.tar")
        options = ["--quiet", "--variant=minbase", '--aptopt=Acquire::Languages "none"']
        subprocess.run(["nice", "mmdebstrap", *options, suite, fresh, mirror()], check=True)
        fresh.rename(archive)
    return archive


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """A function: unpack a bare Debian with apt's lists up to date."""
    if os.geteuid() != 0:
        pytest.skip("only root may enter another system: run it with sudo")
    roots = []

    def unpack(suite):
        roots.append(tmp_path_factory.mktemp(suite))
        subprocess.run(["tar", "-x", "-C", roots[-1], "-f", bare(suite)], check=True)
        shutil.copy("/etc/resolv.conf", roots[-1] / "etc/resolv.conf")
        policy = roots[-1] / "usr/sbin/policy-rc.d"  # no package starts a daemon here
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        debian = Debian(roots[-1])
        debian.run(*APT, "update")
        return debian

    yield unpack
    for root in roots:
        shutil.rmtree(root)


def make_deb(tree, *variables):
    """Run `make deb` in a tree; return the package that it names."""
    command = ["make", "--no-print-directory", "deb", *variables]
    done = subprocess.run(command, cwd=tree, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return tree / done.stdout.split(":")[0]


@pytest.fixture(scope="session")
def make():
    return make_deb


@pytest.fixture(scope="session")
def deb(root):
    return make_deb(root)


@pytest.fixture(scope="session")
def copy(root, tmp_path_factory):
    """A function: copy the parts of the work tree that `make deb` needs."""

    def parts():
        tree = tmp_path_factory.mktemp("tree")
        for part in PARTS:
            subprocess.run(["cp", "-a", root / part, tree], check=True)
        return tree

    return parts


@pytest.fixture(scope="session")
def newer(copy):
    """A package of version 99, with one more migration of the log."""
    tree = copy()
    settings = tree / "pyproject.toml"
    settings.write_text(re.sub('(?m)^version = ".*"$', 'version = "99"', settings.read_text()))
    with (tree / "edge_agent/store/migrations.py").open("a") as file:
        file.write(LATER)
    return make_deb(tree)


@pytest.fixture(scope="session")
def bookworm(fresh, deb, figure):
    """A Debian Bookworm on which apt has installed the package; tests only read it."""
    debian = fresh("bookworm")
    debian.run(*APT, "install", "python3")  # Raspberry Pi OS has it; Trixie's test goes without
    began = time.monotonic()
    code, output = debian.install(deb)
    figure("bookworm: apt-get install", f"{time.monotonic() - began:.1f} s")
    assert code == 0, output
    return debian


@pytest.fixture
def changeable(bookworm, tmp_path):
    """A copy of that Debian, to be changed."""
    root = tmp_path / "debian"
    subprocess.run(["cp", "-a", "--reflink=auto", str(bookworm.root), str(root)], check=True)
    yield Debian(root)
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def figure(request):
    """A function: add a figure to the table at the end."""
    figures = request.config.stash.setdefault(FIGURES, {})
    return figures.__setitem__


def pytest_terminal_summary(terminalreporter, config):
    figures = config.stash.get(FIGURES, {})
    terminalreporter.section("figures")
    for name, value in figures.items():
        terminalreporter.line(f"{name:40} {value}")

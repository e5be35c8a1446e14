import struct
import subprocess
import time

import pytest

AARCH64 = 183  # e_machine of ELF


def test_make_deb_adds_nothing_to_the_work_tree_but_the_package(copy, make, figure):
    tree = copy()
    before = set(tree.rglob("*"))
    began = time.monotonic()
    deb = make(tree)
    figure("make deb", f"{time.monotonic() - began:.1f} s")
    figure("package", f"{deb.stat().st_size // 1024} kB")
    assert set(tree.rglob("*")) - before == {tree / "build", tree / "dist", deb}


def test_lintian_finds_no_error(deb):
    done = subprocess.run(
        ["lintian", "--fail-on", "error", deb], text=True, stdout=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stdout


SHARE = "/usr/share"
BROUGHT = [
    f"{SHARE}/doc/edge-agent/README.md",
    f"{SHARE}/doc/edge-agent/docs/sensors.md",
    f"{SHARE}/doc/edge-agent/examples/greenhouse.toml",
    "/opt/edge-agent/lib/edge_agent/examples/greenhouse.toml",
    "/opt/edge-agent/lib/consumers/cli.py",
    *(
        path
        for program in ("edge-agent", "edge-consumer")
        for path in (
            f"{SHARE}/man/man1/{program}.1.gz",
            f"{SHARE}/bash-completion/completions/{program}",
            f"{SHARE}/zsh/vendor-completions/_{program}",
            f"{SHARE}/fish/vendor_completions.d/{program}.fish",
        )
    ),
]


@pytest.mark.parametrize("file", BROUGHT)
def test_pages_examples_manuals_and_completions_are_in_the_package(deb, file):
    listed = ["dpkg-deb", "-c", deb]
    files = subprocess.run(listed, text=True, stdout=subprocess.PIPE, check=True).stdout
    assert f".{file}\n" in files


@pytest.mark.parametrize("package", ["prometheus_client", "microdot", "wsproto"])
def test_what_metrics_page_and_import_need_is_in_the_package(deb, package):
    listed = ["dpkg-deb", "-c", deb]
    files = subprocess.run(listed, text=True, stdout=subprocess.PIPE, check=True).stdout
    assert f"/opt/edge-agent/lib/{package}/__init__.py" in files


def test_a_package_for_a_pi_is_built_on_any_machine(copy, make, tmp_path):
    deb = make(copy(), "ARCH=arm64")
    subprocess.run(["dpkg-deb", "-x", deb, tmp_path], check=True)
    extensions = sorted(tmp_path.glob("opt/edge-agent/lib/msgspec/*.so"))
    machines = [struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in extensions]
    assert [path.name.split("-")[1] for path in extensions] == ["311", "313"]
    assert machines == [AARCH64, AARCH64]

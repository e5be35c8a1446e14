"""axe-core, which knows what keeps people from using a page."""

import shutil
import subprocess
from pathlib import Path

VERSION = "4.14.1"
FILE = Path.home() / f".cache/edge-agent-tests/axe-core-{VERSION}.js"
RUN = """
const axe = window.axe;
const found = await axe.run(document, { resultTypes: ['violations'] });
return found.violations.flatMap((one) => one.nodes.slice(0, 3).map((node) =>
  `${one.id}: ${node.target}: ${node.failureSummary}`));
"""


def fetch():
    """Return the file of axe-core, fetched (600 kB) if it is not there."""
    if not FILE.exists():
        assert shutil.which("npm"), "npm is missing: apt install npm"
        part = FILE.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        subprocess.run(
            ["npm", "pack", "--silent", f"axe-core@{VERSION}"], check=True, cwd=part,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        subprocess.run(["tar", "-xzf", f"axe-core-{VERSION}.tgz"], check=True, cwd=part)
        (part / "package/axe.min.js").rename(FILE)
        shutil.rmtree(part)
    return FILE


def violations(browser):
    """Return what axe finds on the page that is shown, one line for each element."""
    if not browser.run("return 'axe' in window"):
        browser.run(fetch().read_text(encoding="utf-8"))
    return browser.run(RUN)

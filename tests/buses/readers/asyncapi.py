"""The parser of the AsyncAPI initiative, in Node."""

import shutil
import subprocess

from tests.buses.readers import CACHE

VERSION = "3.6.6"
FOLDER = CACHE / f"asyncapi-{VERSION}"
PROGRAM = """\
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const channels = document ? document.channels().all().map((one) => one.address()) : [];
console.log(JSON.stringify({ channels, problems: diagnostics.map((one) => one.message) }));
"""


def fetch():
    """Return the folder of the parser, installed (55 MB) if it is not there."""
    if not FOLDER.exists():
        assert shutil.which("npm"), "npm is missing: apt install npm"
        part = FOLDER.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run([*install, f"@asyncapi/parser@{VERSION}"], check=True, cwd=part)
        (part / "parse.mjs").write_text(PROGRAM)
        part.rename(FOLDER)
    return FOLDER


def parse(text):
    """Return what the parser finds in a document, as JSON."""
    command = ["node", str(fetch() / "parse.mjs")]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

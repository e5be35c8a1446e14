"""The parser of the AsyncAPI initiative, in Node."""

import subprocess

from tests.buses.readers import node_folder

VERSION = "3.6.6"
PROGRAM = """\
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const channels = document ? document.channels().all().map((one) => one.address()) : [];
console.log(JSON.stringify({ channels, problems: diagnostics.map((one) => one.message) }));
"""


def parse(text):
    """Return what the parser (55 MB) finds in a document, as JSON."""
    folder = node_folder(f"asyncapi-{VERSION}", f"@asyncapi/parser@{VERSION}")
    command = ["node", "--input-type=module", "--eval", PROGRAM]
    return subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=True
    ).stdout

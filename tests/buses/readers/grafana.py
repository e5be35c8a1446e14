"""Grafana's own types of dashboards, against which TypeScript checks ours."""

import json
import subprocess
import tempfile

from tests.buses.readers import node_folder

VERSION = "13.2.3"
PACKAGES = (f"@grafana/schema@{VERSION}", "typescript@5.9")
KINDS = "./node_modules/@grafana/schema/dist/types/raw/composable/{}/panelcfg/x/types.gen"
FOLDERS = {"state-timeline": "statetimeline"}  # of kinds of panels that are named otherwise there
WITHOUT_FIELDS = {"stat"}  # kinds that have no settings of fields
# JSON has the values of an enumeration, where the types want its members.
HEAD = """\
import type { Dashboard } from '@grafana/schema';
type Json<T> = T extends string ? `${T}` : T extends (infer U)[] ? Json<U>[] :
  T extends object ? { [K in keyof T]: Json<T[K]> } : T;
"""


def complaints(board):
    """Return what TypeScript (26 MB) finds wrong with a dashboard, of which it has the JSON."""
    folder = node_folder(f"grafana-schema-{VERSION}", *PACKAGES)
    lines = [HEAD, f"export const board: Json<Dashboard> = {json.dumps(board)};"]
    for panel in board["panels"]:
        if panel["type"] != "row":
            lines += panel_lines(panel)
    with tempfile.NamedTemporaryFile("w", suffix=".ts", dir=folder) as file:
        file.write("\n".join(lines))
        file.flush()
        command = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--target"]
        command += ["es2022", "--module", "esnext", "--moduleResolution", "bundler", file.name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [line.partition(": error ")[2] for line in done.stdout.splitlines() if "error" in line]


def panel_lines(panel):
    """Yield the options of a panel and of its fields, with the types of their kind."""
    number, kind = panel["id"], panel["type"]
    module = KINDS.format(FOLDERS.get(kind, kind))
    options, fields = json.dumps(panel["options"]), panel["fieldConfig"]["defaults"]
    yield f"export const o{number}: Json<Partial<import('{module}').Options>> = {options};"
    custom = json.dumps(fields.get("custom", {}))
    if kind in WITHOUT_FIELDS:
        yield f"export const f{number}: Record<string, never> = {custom};"
    else:
        yield f"export const f{number}: Json<Partial<import('{module}').FieldConfig>> = {custom};"

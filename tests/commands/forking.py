"""Runs commands in forks of one process that has imported them all: a case takes milliseconds.

Each line of the standard input is a case as JSON; each line of the output, how it ended.
"""

import importlib
import io
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from edge_agent.cli import MODULES, main


def opened(name, mode):
    """Return a descriptor of a stream: a file, one that is closed, or a pipe without a reader."""
    if name == "closed":
        return None
    if name == "no reader":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return os.open(name, mode | os.O_CREAT, 0o666)


def place(number, descriptor):
    if descriptor is None:
        os.close(number)
    else:
        os.dup2(descriptor, number)


def stream(number, mode, encoding):
    try:
        os.fstat(number)
    except OSError:
        return None
    raw = open(number, f"{mode}b", closefd=False)  # noqa: SIM115 - a descriptor
    return io.TextIOWrapper(raw, encoding, "strict")


def become(case):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(case["env"])
    os.chdir(case["cwd"])
    if case["gone"]:
        Path(case["cwd"]).rmdir()
    place(0, opened(case["stdin"], os.O_RDONLY))
    place(1, opened(case["stdout"], os.O_WRONLY))
    place(2, opened(case["stderr"], os.O_WRONLY | os.O_APPEND))
    if case["uid"]:
        os.setgroups([])
        os.setgid(case["uid"])
        os.setuid(case["uid"])
    for n, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        setattr(sys, name, stream(n, mode, case["encoding"]))
        setattr(sys, f"__{name}__", getattr(sys, name))
    signal.alarm(case["seconds"])


def run(case):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    trace = Path(case["trace"]).open("a")  # noqa: SIM115 - another user may not open it
    try:
        become(case)
        main([os.fsdecode(word.encode("latin-1")) for word in case["arguments"]])
    except SystemExit as ended:
        os._exit(ended.code or 0)
    except BaseException:  # noqa: BLE001 - this is what must not happen
        traceback.print_exc(file=trace)
        trace.flush()
        os._exit(99)


for module, _ in MODULES.values():
    importlib.import_module(module)
for line in sys.stdin:
    sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
    sys.stdout.flush()

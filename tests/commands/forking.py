"""Runs commands in forks of one process that has imported them all: a case takes milliseconds.

Each line of the standard input is a case as JSON; each line of the output, how it ended.
"""

import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import struct
import sys
import termios
import traceback
from contextlib import suppress
from pathlib import Path

import consumers.cli
import edge_agent.cli

PROGRAMS = {"edge-agent": edge_agent.cli, "edge-consumer": consumers.cli}
NO_MODULES = {"antigravity", "idlelib", "lib2to3", "this", "tkinter", "turtle", "turtledemo"}
END_OF_INPUT = b"\x04" * 100  # Control-D, as often as a command may ask


def import_everything():
    """Import what commands import late: another user may not be able to read it."""
    for name in sorted(sys.stdlib_module_names - NO_MODULES):
        with suppress(ImportError):
            importlib.import_module(name)
    for package in ("encodings", "importlib", "edge_agent", "consumers", "drivers", "simulators"):
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):  # of another system
                    importlib.import_module(module.name)


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
    return io.TextIOWrapper(raw, encoding or sys.__stdout__.encoding, "strict")


def sit_at(terminal):
    """Make a terminal the one of this process, and all of its streams."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal, number)


def become(case, terminal):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(case["env"])
    os.chdir(case["cwd"])
    if case["gone"]:
        Path(case["cwd"]).rmdir()
    if case["size"]:
        sit_at(terminal)
    else:
        place(0, opened(case["stdin"], os.O_RDONLY))
        place(1, opened(case["stdout"], os.O_WRONLY | os.O_APPEND))
        place(2, opened(case["stderr"], os.O_WRONLY | os.O_APPEND))
    if case["uid"]:
        os.setgroups([])
        os.setgid(case["uid"])
        os.setuid(case["uid"])
    for n, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        setattr(sys, name, stream(n, mode, case["encoding"]))
        setattr(sys, f"__{name}__", getattr(sys, name))
    signal.alarm(case["seconds"])


def watch(screen, path):
    """Keep what a terminal shows until its last program has ended; end its input."""
    os.write(screen, END_OF_INPUT)
    with Path(path).open("ab") as shown, suppress(OSError):
        while portion := os.read(screen, 65536):
            shown.write(portion)
    os.close(screen)


def run(case):
    screen, terminal = os.openpty() if case["size"] else (None, None)
    if terminal:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *case["size"], 0, 0))
    child = os.fork()
    if not child:
        command(case, terminal)
    if terminal:
        os.close(terminal)
        watch(screen, case["stderr"])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def command(case, terminal):
    """Run the command of a case in this process, and end with its exit code."""
    trace = Path(case["trace"]).open("a")  # noqa: SIM115 - another user may not open it
    program, *words = (os.fsdecode(word.encode("latin-1")) for word in case["arguments"])
    try:
        become(case, terminal)
        PROGRAMS[program].main(words)
    except SystemExit as ended:
        os._exit(ended.code or 0)
    except BaseException:  # noqa: BLE001 - this is what must not happen
        traceback.print_exc(file=trace)
        trace.flush()
        os._exit(99)


import_everything()
gc.freeze()
for line in sys.stdin:
    sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
    sys.stdout.flush()

"""How the log is written: as text, to which systemd adds the time, or as lines of JSON."""

import json
import logging
from typing import Literal, NamedTuple, TypeAlias

from edge_agent.clock import rfc3339
from edge_agent.terminal.line_limit import LineLimit

TEXT = "%(levelname)s: %(message)s"
FIELDS = ("device", "rule", "sink", "event")  # what a line is about, if it is about one
TRACE = "edge_agent.trace"

LogFormat: TypeAlias = Literal["text", "json"]


class LogChoice(NamedTuple):
    """What the command line says about the log.

    `trace` asks for what becomes of each event, `quiet` for warnings and errors only.
    """

    form: LogFormat = "text"
    trace: bool = False
    quiet: bool = False


class JsonLines(logging.Formatter):
    """One object in each line: time, level, message, logger, thread, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON; `error` is the traceback."""
        line = {
            "time": rfc3339(round(record.created * 1e6)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            "thread": record.threadName,
        }
        line |= {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_to_stderr(
    choice: LogChoice = LogChoice(),  # noqa: B008 - immutable
    handler: logging.Handler | None = None,
) -> None:
    """Send the program's log to standard error, or to `handler`, which adds the level itself.

    What repeats is logged a few times a minute.
    """
    text = logging.Formatter("%(message)s" if handler else TEXT)
    target = handler or logging.StreamHandler()
    target.setFormatter(JsonLines() if choice.form == "json" else text)
    target.addFilter(LineLimit())
    level = logging.WARNING if choice.quiet else logging.INFO
    logging.basicConfig(level=level, handlers=[target])
    if choice.trace:
        logging.getLogger(TRACE).setLevel(logging.DEBUG)

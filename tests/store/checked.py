"""A start of the agent, with the check of the whole log that runs beside its work."""

import time

from edge_agent.store.check import LogCheck, Unreadable
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.spill import Spill


def open_checked(path, clock, spill=Spill(()), pause=time.sleep):  # noqa: B008 - immutable
    """Open a log, and salvage it if the check finds damage, as the recorder does."""
    log = open_log(path, clock, spill, pause)
    if log.checked:
        return log
    (found,) = report_of(path)
    if not isinstance(found, Unreadable):
        log.mark.note(checked=clock.boot)
        return log
    assert log.is_damaged(found.error)
    log.abandon()
    return salvage(path, clock, log.inode)


def report_of(path):
    """Return what the check reports first."""
    found = []
    check = LogCheck(path, found.append)
    check.stop()
    check.run()
    return found

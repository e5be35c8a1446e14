"""What must be true at the end of a world, whatever has happened in it."""

from itertools import pairwise

from edge_agent.store.reader import LogReader
from tests.simulation.ledger import ARCHIVE

NO_ROOM = "disk_full"


def verify(world):
    """Compare the accounts with the commits, and the commits with what arrived."""
    found = LogReader(world.log)
    try:
        world.ledger.begin_life()
        world.ledger.commit(found._connection)  # the end may come before a commit has returned
        accounts = found.accounts().values()
    finally:
        found.close()
    for account in accounts:
        if account.configured:
            Verdict(world, account).check()
    check_unclean_stops(world)
    for sink, audit in world.ledger.audits.items():
        check_audit(world.ledger, sink, audit.report(float("inf")))


def check_unclean_stops(world):
    """Each end that was not the agent's own is reported once, and no other one."""
    reported, ends = len(world.ledger.notes("unclean_stop")), world.unclean
    if not sum(ends) <= reported <= len(ends):
        what = f"{reported} unclean stops were reported, there were {sum(ends)} to {len(ends)}"
        world.ledger.problem(what)


def check_audit(ledger, sink, report):
    """Note what a subscriber would find out from the events that it got."""
    for log in report.logs:
        for what, found in (("lost", log.lost), ("contradictory", log.contradictory)):
            if found.total:
                ledger.problem(f"{sink}: the audit finds {found.total} {what} events")
    for reason in report.unusable:
        ledger.problem(f"{sink}: the audit finds what is {reason}")


class Verdict:
    """One sink's."""

    def __init__(self, world, account):
        self._world, self._ledger, self._account = world, world.ledger, account
        kinds = world.kinds(account.sink)
        self._wanted = {
            one
            for one, (kind, *_) in self._ledger.committed.items()
            if kind in kinds and one.offset > account.start
        }
        self._received = self._ledger.received[account.sink]
        # When a reload has added this sink, history may have been deleted before.
        self._late = account.sink == ARCHIVE and world.reloaded

    def check(self):
        if not self._late:
            self._check_sum()
            self._check_losses()
        self._check_reasons()
        self._check_order()

    def _problem(self, what):
        self._ledger.problem(f"{self._account.sink}: {what}")

    def _check_sum(self):
        unrecorded = self._account.dropped.get(NO_ROOM, 0)  # lost before they had an offset
        recorded, wanted = self._account.recorded - unrecorded, len(self._wanted)
        if not self._world.damaged and recorded != wanted:
            self._problem(f"the account says {recorded} events, {wanted} were committed")

    def _check_losses(self):
        cursor, log = self._account.cursor, self._ledger.log
        due = {one for one in self._wanted if one.log != log or one.offset <= cursor}
        missing = sorted(due - self._received.keys())
        silent = [one for one in missing if not self._is_reported(one)]
        if silent:
            self._problem(f"{len(silent)} events vanished, from offset {silent[0].offset} on")

    def _is_reported(self, one):
        """Return whether a gap event names it; a disk that keeps its word never goes back."""
        return any(
            gap.log == one.log and gap.first <= one.offset <= gap.last
            for gap in self._ledger.gaps[self._account.sink]
            if gap.reason != "went_back"
        )

    def _check_reasons(self):
        """Hold losses to their causes: every event of a simulated agent is deliverable."""
        for reason, count in self._account.refused.items():
            self._problem(f"{count} deliverable events were given up: {reason}")
        for reason in self._account.dropped.keys() - self._world.causes():
            self._problem(f"events were dropped without a cause: {reason}")

    def _check_order(self):
        offsets = [one.offset for one in self._received]
        late = [later for one, later in pairwise(offsets) if later < one]
        if late and not (self._world.damaged or self._world.network.postponed):
            self._problem(f"event {late[0]} was delivered behind later ones")

"""What sinks refused and the agent dropped: counted by each account, and the latest reports."""

from collections.abc import Mapping, Sequence

import msgspec

from edge_agent.observe.web.trust.event_path import TrustLog
from edge_agent.observe.web.trust.gap_report import GapReport, gap_reports
from edge_agent.store.sink_account import SinkAccount

REPORTS = 100


class SinkLosses(msgspec.Struct, frozen=True):
    """How many events a sink does not have, by reason; `recorded` of them were for it."""

    sink: str
    configured: bool
    recorded: int
    refused: Mapping[str, int]
    dropped: Mapping[str, int]


class Refusals(msgspec.Struct, frozen=True):
    """The losses of each sink, and the newest gap events."""

    log: str
    sinks: Sequence[SinkLosses]
    reports: Sequence[GapReport]


def refusals(log: TrustLog) -> Refusals:
    """Return what is missing at any sink."""
    with log.snapshot():
        accounts = log.accounts()
        reports = list(gap_reports(log.latest_gaps(REPORTS)))
    return Refusals(log.id, [_losses(one) for one in accounts.values()], reports)


def _losses(account: SinkAccount) -> SinkLosses:
    return SinkLosses(
        account.sink, account.configured, account.recorded, account.refused, account.dropped
    )

"""What people see of a report, as the page shows it."""

import re

from consumers.audit.report import AuditReport, LogReport
from consumers.audit.rows import HEAD, listed, plain, row, sentences, worst_first
from consumers.ranges import Offsets

NONE = Offsets(0, ())


def report_of(node, log, arrived, lost=NONE, named=0, gaps=None, duplicated=NONE, **changes):
    found = {"contradictory": NONE, "reordered": NONE, "late": NONE, "missing": NONE}
    counts = {"before": 0, "not_compared": 0, "judged": True, "seen_at": 0.0}
    more = {"lost": lost, "named": named, "gaps": gaps or {}, "duplicated": duplicated}
    where = {"log": log, "nodes": (node,), "first": 1, "last": arrived, "arrived": arrived}
    return LogReport(**{**where, **found, **counts, **more, **changes})


def summary(report):
    rows = [HEAD, *map(row, worst_first(report))]
    return "\n".join([*plain(rows), "", *sentences(report, 0)])


def test_the_summary_in_the_page_is_what_the_command_prints(root):
    lost = Offsets(3, ((88112, 88114),))
    gaps, again = {"max_size": 812}, Offsets(57, ())
    report = AuditReport(
        (
            report_of("cellar", "7be01c55f2a9", 40_118),
            report_of("greenhouse", "0d8f1511bc1b", 91_204, lost, 812, gaps, again),
        ),
        {},
    )
    shown = re.findall(r"```text\n(.*?)\n```", (root / "docs/audit.md").read_text(), re.DOTALL)
    assert summary(report) in shown


def test_everything_worth_a_sentence_has_one():
    log = report_of(
        *("garden", "a1", 9, Offsets(9, ((1, 1), (3, 9)))),
        contradictory=Offsets(1, ((2, 2),)),
        nodes=("garden", "copy"),
        judged=False,
        before=4,
    )
    text = "\n".join(sentences(AuditReport((log,), {"not JSON": 5}), 2))
    assert "copy: two contents under one id: 2" in text
    assert "copy delivers only some kinds of event here" in text
    assert "garden and copy use one log" in text
    assert "copy: 4 events from before offset 1, not judged" in text
    assert "5 unusable: not JSON" in text
    assert "the source lost our place 2 times" in text
    assert row(log)[:4] == ("garden = copy", "a1", "9", "?")


def test_a_list_of_many_ranges_is_cut():
    assert listed(Offsets(2, ((1, 1), (3, 3)))) == "1, 3"
    assert listed(Offsets(9, tuple((n, n) for n in range(1, 19, 2)))) == "1, 3, 5, 7, 9, …"

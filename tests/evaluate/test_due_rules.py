from edge_agent.clock import NEVER
from edge_agent.evaluate.rules.due_rules import OUTDATED, DueRules


def noted(**times):
    due = DueRules()
    for name, at in times.items():
        due.note(name, at)
    return due


def test_without_rules_nothing_is_ever_due():
    assert DueRules().first == NEVER
    assert DueRules().until(10**15) == []


def test_the_earliest_counts_and_of_two_that_are_equal_the_one_noted_first():
    due = noted(late=30, b=10, a=10)
    assert due.first == 10
    assert due.until(9) == []
    assert due.until(10) == ["b", "a"]
    assert due.until(30) == ["b", "a", "late"]


def test_what_is_due_stays_so_until_it_is_noted_otherwise():
    due = noted(a=10, b=20)
    assert due.until(10) == due.until(10) == ["a"]
    due.note("a", 30)
    assert (due.first, due.until(29)) == (20, ["b"])
    due.note("b", None)
    assert (due.first, due.until(30)) == (30, ["a"])


def test_a_rule_that_is_noted_twice_for_the_same_time_is_due_once():
    due = noted(a=10)
    due.note("a", 10)
    assert due.until(10) == ["a"]


def test_a_rule_that_begins_and_ends_to_wait_all_the_time_takes_no_more_memory():
    due = DueRules()
    for n in range(100 * OUTDATED):
        due.note("a", 10**12 + n)
        due.note("a", None)
    assert len(due._heap) <= OUTDATED + 1

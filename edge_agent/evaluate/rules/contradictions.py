"""What keeps a rule from ever firing, or from ever ending, whatever is measured."""

from collections.abc import Iterator
from typing import NamedTuple

from edge_agent.evaluate.expressions.bounds import contradiction
from edge_agent.evaluate.expressions.line import cut
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.units import Duration


class Contradiction(NamedTuple):
    """What is wrong with the value of a rule's key."""

    key: str
    value: object
    what: str


def contradictions(rule: Rule) -> Iterator[Contradiction]:
    """Yield what is wrong with `clear` and `for` beside `when`.

    While `when` holds, `clear` does not matter: so a rule whose `clear` needs what `when` needs
    fires for ever.
    """
    when, clear, hold = rule.when.implied, rule.clear, Duration(rule.hold)
    if clear and (piece := contradiction(when.if_false | clear.implied.if_true)):
        why = f"the rule never ends: `when` holds then, too, whatever {cut(piece)} is"
        yield Contradiction("clear", clear.text, f"{why}; write what holds when it is over")
    if hold > when.lasts:
        longest = Duration(when.lasts).text
        what = f"`when` holds for {longest} at most, so the rule never fires; write less"
        yield Contradiction("for", hold, what)

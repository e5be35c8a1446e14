"""How the topics of a node begin: a template, in which `{node}` stands for its name."""

import re

NODE = "{node}"  # stands for a node's name
TOPIC = f"edge/{NODE}"  # how an agent's topics begin, unless the configuration says otherwise
LEVEL = re.compile("[A-Za-z0-9_.:-]+")
MOST_LEVELS = 5  # the longest topic has three more slashes, and AWS IoT Core takes seven
LONGEST = 100  # characters


def topic_problem(template: str) -> str:
    """Return what is wrong with how topics are to begin; nothing if it can be used."""
    levels = template.split("/")
    if levels.count(NODE) != 1:
        return f"write {NODE} once, as a level of its own: each node has its topics, as in {TOPIC}"
    if not all(one == NODE or LEVEL.fullmatch(one) for one in levels):
        return "between slashes are letters, digits and _ - . : only; no + # $, no slash at an end"
    if len(levels) > MOST_LEVELS or len(template) > LONGEST:
        return f"write at most {MOST_LEVELS} levels and {LONGEST} characters"
    return ""


def topics_of(template: str, node: str) -> str:
    """Return how the topics of a node begin; for all nodes, its name is `+`."""
    return template.replace(NODE, node)

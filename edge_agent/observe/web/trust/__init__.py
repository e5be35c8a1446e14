"""The view Trust: what became of an event, what was refused, and how the agent is.

It claims no more than the event log proves. A log keeps how far each sink is, not when it came
there: only while the page is switched on, and for the last events, the times are known as well.
"""

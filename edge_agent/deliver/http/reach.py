"""Whether a server can be reached as a delivery does, without an event: a request OPTIONS.

POST would be an event, and HEAD asks for a page that an event's URL seldom has. Many servers answer
OPTIONS with 405 or 501 although they take events: such answers prove that name, TCP and TLS are
right, and are no problem.
"""

import time
from collections.abc import Iterator

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.http.address import parse_url
from edge_agent.deliver.http.answers import REDIRECTS, HttpAnswer
from edge_agent.deliver.http.authorization import authorize
from edge_agent.deliver.http.client import HttpClient
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError

MEANINGFUL = REDIRECTS | {401, 403, 404, 407, 410, 429, 500, 502, 503, 504}
PROBE = "edge-agent-doctor"  # the id of a message without an event
DOUBT = "(if events arrive, it only refuses OPTIONS)"


def reach(plan: SinkPlan[HttpOptions], _node: str) -> Iterator[SinkProblem]:
    """Yield what stands in the way of a delivery; no text holds the URL, which may be a secret."""
    options, address = plan.options, parse_url(plan.url[0])
    tls = TlsFiles(options.ca, options.certificate, options.key)
    client = HttpClient(address, tls, Patience(lambda: None, lambda: False))
    try:
        login = authorize(options, PROBE, b"", round(time.time()))
        answer = client.request("OPTIONS", login.headers)
    except AgentError as error:
        yield SinkProblem.of("url", None, error)
    else:
        hidden = (*login.secrets, *address.secrets)
        yield from _judged(answer, plan.url[0], hidden)
    finally:
        client.close()


def _judged(answer: HttpAnswer, url: str, hidden: tuple[str, ...]) -> Iterator[SinkProblem]:
    if answer.status in MEANINGFUL:
        what = f"{answer.meaning(hidden)} {DOUBT}".replace(";", ",")  # the remedy follows one
        yield SinkProblem("url", None, f"{what}; {answer.remedy(url, hidden)}")
    allowed = answer.headers.get("allow", "").upper()
    if answer.owned and allowed and "POST" not in allowed:
        yield SinkProblem("url", None, "it takes no POST there; correct the path of the URL")

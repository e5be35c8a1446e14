"""The HTTP sink: each event, or batch, is one POST; a 2xx says that the server has it."""

import time
from collections.abc import Iterable, Sequence
from functools import partial

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.envelope import Envelope, split
from edge_agent.deliver.http.address import parse_url
from edge_agent.deliver.http.answers import TOO_LARGE, HttpAnswer
from edge_agent.deliver.http.authorization import authorize, signs
from edge_agent.deliver.http.check import check
from edge_agent.deliver.http.client import HttpClient, Unanswered
from edge_agent.deliver.http.message import HttpBinding
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.http.reach import reach
from edge_agent.deliver.sink import SinkContext, SinkPlan, SinkType
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent

LARGEST_BODY = 500_000  # bytes of a batch
DELIVERY_SECONDS = 1.0  # then the cursor moves, and a stop is not delayed
GROW_AFTER = 100  # messages that pass, before larger ones are tried again


class HttpSink:
    """Posts to the plan's URL, in order, over one connection.

    `client` asks the server. An event is refused for good only if the server takes another one
    right after: else the URL or the login may be wrong, and everything waits.
    """

    def __init__(
        self, plan: SinkPlan[HttpOptions], context: SinkContext, client: HttpClient
    ) -> None:
        self.name = plan.name
        self._url = plan.url[0]
        self._address = parse_url(self._url)
        self._options = plan.options
        self._context = context
        self._client = client
        envelope = Envelope(context.node, context.log_id)
        self._binding = HttpBinding(envelope, plan.options.content, batches=plan.max_batch > 1)
        self._max_batch = self._most = plan.max_batch
        self._passed = 0
        self._taken: LoggedEvent | None = None  # the last event that the server took
        self._resume_at = 0.0
        self._reason = ("", "")  # what and remedy of the pause until then

    def open(self) -> None:
        """Do nothing: the first delivery connects, because servers close idle connections."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Post the leading events of a batch; see `Sink`."""
        end, settled = time.monotonic() + DELIVERY_SECONDS, 0
        while settled < len(batch) and (not settled or time.monotonic() < end):
            try:
                settled += self._advance(batch[settled:])
            except SinkUnavailable:
                if settled:
                    break  # the next delivery raises it
                raise
            except EventRejected as error:
                raise EventRejected(settled + 1, error.refused) from None
        return settled

    def _advance(self, events: Sequence[LoggedEvent]) -> int:
        """Post one message; return how many leading events the server has taken.

        Halve a message that it refuses, until a single event is refused; raise as `deliver` does.
        """
        group = split(events, self._most, LARGEST_BODY)[0]
        while True:
            answer, hidden = self._post_or_shrink(group)
            if answer.owned:
                self._note_success(group)
                return len(group)
            if not answer.about_the_message:
                raise self._unavailable(answer, hidden)
            if len(group) == 1:
                self._refuse(events, answer, hidden)
            group = group[: len(group) // 2]
            if answer.status == TOO_LARGE:
                self._most, self._passed = len(group), 0

    def _post_or_shrink(self, group: Sequence[LoggedEvent]) -> tuple[HttpAnswer, tuple[str, ...]]:
        """Post; if there is no answer, the next message is half as large: it may take less time."""
        try:
            return self._post(group)
        except Unanswered:
            self._most, self._passed = max(1, len(group) // 2), 0
            raise

    def _post(self, group: Sequence[LoggedEvent]) -> tuple[HttpAnswer, tuple[str, ...]]:
        """Return the answer, and what no message may show of it; raise SinkUnavailable."""
        if time.monotonic() < self._resume_at:
            raise SinkUnavailable(*self._reason)
        if signs(self._options) and not self._context.trusted():
            raise SinkUnavailable(
                "the clock is not set yet, and a signature has the time", "wait for NTP"
            )
        message = self._binding.message(group)
        try:
            login = authorize(self._options, message.id, message.body, round(time.time()))
        except AgentError as error:
            raise SinkUnavailable(error.what, error.remedy) from error
        answer = self._client.request("POST", message.headers | login.headers, message.body)
        return answer, (*login.secrets, *self._address.secrets)

    def _note_success(self, group: Sequence[LoggedEvent]) -> None:
        self._taken = group[0]
        self._passed += 1
        if self._passed >= GROW_AFTER:
            self._passed, self._most = 0, min(self._max_batch, self._most * 2)

    def _unavailable(self, answer: HttpAnswer, hidden: Iterable[str]) -> SinkUnavailable:
        """Return the error; `_post` raises it for as long as the server asks for a pause."""
        what = f"{self._address}: {answer.meaning(hidden)}"
        self._reason = (what, answer.remedy(self._url, hidden))
        self._resume_at = time.monotonic() + answer.pause(time.time())
        return SinkUnavailable(*self._reason)

    def _refuse(
        self, events: Sequence[LoggedEvent], answer: HttpAnswer, hidden: Iterable[str]
    ) -> None:
        """Raise EventRejected for the first event if the server takes another, else unavailable.

        A gap event is never refused: what is lost must not be lost once more.
        """
        refused = events[0]
        if refused.kind == "gap" or not self._takes_another(events):
            raise self._unavailable(answer, hidden)
        raise EventRejected(1, {refused.offset: answer.meaning(hidden)})

    def _takes_another(self, events: Sequence[LoggedEvent]) -> bool:
        """Return whether the server takes an event that it took before, or one of each kind."""
        others = [self._taken] if self._taken else smallest_of_each_kind(events[1:])
        for event in others:
            answer, hidden = self._post([event])
            if answer.owned:
                self._taken = event
                return True
            if not answer.about_the_message:
                raise self._unavailable(answer, hidden)
        return False


def smallest_of_each_kind(events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """Return the smallest event of each kind, the smallest first."""
    ordered = sorted(events, key=lambda event: len(event.data))
    first = {event.kind: event for event in reversed(ordered)}
    return sorted(first.values(), key=lambda event: len(event.data))


def build(plan: SinkPlan[HttpOptions], context: SinkContext) -> HttpSink:
    """Return the sink; it connects with its first delivery."""
    options = plan.options
    patience = Patience(partial(context.alive, plan.name), context.stopping)
    tls = TlsFiles(options.ca, options.certificate, options.key)
    return HttpSink(plan, context, HttpClient(parse_url(plan.url[0]), tls, patience))


SINK = SinkType(HttpOptions, check, build, reach=reach)

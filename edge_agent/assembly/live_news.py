"""What is true now, handed to all that show it; and answers, to those who asked."""

from collections.abc import Callable, Iterable

from edge_agent.assembly.topics import shown_as
from edge_agent.deliver.sink import Post
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import PAGE, Alert, Answer, Reading, Switched
from edge_agent.live.fan_out import LatestFanOut

SHOWN = (Reading, Alert, Switched)


class LiveNews(LatestFanOut[Post]):
    """Hands posts to the sinks, and to `watch` what the engine shows.

    `answer_page` takes the answers to commands of the page.
    """

    def __init__(
        self, watch: Callable[[Shown], None], answer_page: Callable[[Answer], None]
    ) -> None:
        super().__init__(shown_as)
        self._watch = watch
        self._answer_page = answer_page

    def follow(self, posts: Iterable[Callable[[Post], None]]) -> None:
        """Hand posts to these sinks from now on; the main thread alone calls it."""
        self.listeners = (self._watched, *posts)

    def answer(self, answer: Answer) -> None:
        """Hand an answer to who asked: the page, or a sink."""
        if answer.topic == PAGE:
            self._answer_page(answer)
        else:
            self.put(answer)

    def _watched(self, post: Post) -> None:
        if isinstance(post, SHOWN):
            self._watch(post)

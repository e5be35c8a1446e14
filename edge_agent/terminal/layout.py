"""Fits the live table into a terminal of any size: the fullest form that has room is drawn."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from edge_agent.terminal.board import Board, ValueRow
from edge_agent.terminal.sparkline import BARS, MINUTES, sparkline

LOW, LINES_ABOVE = 20, 3  # a terminal with fewer lines keeps one for messages, others three
WIDEST = {"device": 14, "channel": 22, "value": 18}
LONGEST_SPARKLINE = 60
FLOWING = 3  # lines of the heading
GAP = 2


class TerminalSize(NamedTuple):
    """The terminal's columns and lines, and the bars that it can show."""

    width: int
    height: int
    bars: str = BARS

    @property
    def room(self) -> int:
        """The lines that the table may have: above it are messages."""
        return max(self.height - (1 if self.height < LOW else LINES_ABOVE), 1)


def drawn(
    board: Board, heading: Sequence[str], prompt: Text | None, size: TerminalSize
) -> list[Text]:
    """Return the lines, none of which is wider than the terminal, and never too many."""
    values = list(board.values())
    tops, bottoms = list(_tops(heading, prompt, size)), list(_bottoms(board, size))
    for top, bottom in zip((0, 1, 1, 2), (0, 1, 2, 2), strict=True):
        lines = [*tops[top], *_table(values, board.now, size, head=top < 2), *bottoms[bottom]]
        if len(lines) <= size.room:
            return _cut(lines, size)
    room = max(size.room - len(tops[2]) - len(bottoms[2]) - 1, 0)
    table = list(_table(values, board.now, size, head=False))
    missing = Text(f"… {len(table) - room} more values: a larger terminal shows them", "dim")
    return _cut([*tops[2], *table[:room], missing, *bottoms[2]], size)


def _cut(lines: Sequence[Text], size: TerminalSize) -> list[Text]:
    for line in lines:
        line.truncate(size.width, overflow="ellipsis")
        line.no_wrap = True
    return list(lines[: size.room])


def _tops(heading: Sequence[str], prompt: Text | None, size: TerminalSize) -> Iterator[list[Text]]:
    """Yield what stands above the values, the fullest first: lines, text that flows, a line."""
    typed = [prompt] if prompt else []
    yield [*(Text(line, "bold") for line in heading), *typed, Text()]
    flowing = _flow([Text(line, "bold") for line in heading], "", size)
    yield [*flowing[:FLOWING], *typed]
    yield [*flowing[:1], *typed]


def _bottoms(board: Board, size: TerminalSize) -> Iterator[list[Text]]:
    """Yield outputs and rules: a line for each, or as many in a line as fit."""
    full = [*_titled("output", board.outputs()), *_titled("rule", board.rules())]
    yield [Text(), *full]
    yield full
    short = (board.outputs(short=True), board.rules(short=True))
    yield [*_flow(short[0], "outputs  ", size), *_flow(short[1], "rules    ", size)]


def _titled(title: str, texts: Sequence[Text]) -> Iterator[Text]:
    for text in texts:
        yield Text.assemble((f"{title:<8}", "dim"), text)


def _flow(texts: Sequence[Text], title: str, size: TerminalSize) -> list[Text]:
    """Put as many texts into a line as fit."""
    lines: list[Text] = []
    for text in texts:
        if lines and lines[-1].cell_len + GAP + 1 + text.cell_len <= size.width:
            lines[-1].append("; ").append_text(text)
        else:
            lines.append(Text.assemble((" " * len(title) if lines else title, "dim"), text))
    return lines


def _table(
    values: Sequence[ValueRow], now: float, size: TerminalSize, *, head: bool
) -> Iterator[Text]:
    """Yield a line for each value, with a sparkline in the columns that are left."""
    widths = [
        min(max(map(cell_len, (name, *column))), WIDEST[name])
        for name, column in zip(
            WIDEST, zip(*((r.device, r.channel, r.value.plain) for r in values), strict=True),
            strict=False,
        )
    ]  # fmt: skip
    if not values:
        return
    left = size.width - sum(widths) - 3 * GAP - len("999 s") - GAP
    bars = min(left, LONGEST_SPARKLINE)
    if head:
        yield _line(
            widths, ("device", "channel", Text("value"), "age"), f"last {MINUTES} min", "dim"
        )
    for row in values:
        course = sparkline(row.recent.means(bars, now), size.bars) if bars > 0 else ""
        yield _line(widths, row[:4], course)


def _line(
    widths: Sequence[int], cells: tuple[str, str, Text, str], course: str, style: str = ""
) -> Text:
    device, channel, value, age = cells
    shown = value.copy()
    shown.truncate(widths[2], overflow="ellipsis")
    return Text.assemble(
        (f"{_fit(device, widths[0])}{' ' * GAP}{_fit(channel, widths[1])}{' ' * GAP}", style),
        (" " * (widths[2] - shown.cell_len), ""),
        shown,
        (f"{' ' * GAP}{age:>5}{' ' * GAP}", "dim"),
        (course, style or "green"),
    )


def _fit(text: str, width: int) -> str:
    """Return a text of exactly this many columns."""
    return text if cell_len(text) == width else Text(text)[:width].plain.ljust(width)

"""Join lines: the parts of a CRI line, and the lines of an entry."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logops.environment.pipeline import Timestamp
from logops.pipelines.line import EMPTY, UNFINISHED, Dropped, Line
from logops.pipelines.parsing import Labels, Output, Timestamps
from logops.pipelines.stages import JoinLines
from logops.pipelines.step import Step
from logops.pipelines.text import matches, named_groups

MAX_PARTIAL_LINES = 100
"""Streams with an unfinished CRI line. If there are more, all unfinished lines are sent (`max_partial_lines`)."""

_CRI = r"^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$"
"""The format of CRI lines: time, stream, P for a part or F for the last part, content
(kubernetes/kubernetes, pkg/kubelet/kuberuntime/logs)."""

Stream = frozenset[tuple[str, str]]


def stream_of(line: Line) -> Stream:
    return frozenset(line.labels.items())


class CriLines(Step):
    """Take the content out of CRI lines, and join parts (P) to the last part (F) of their stream."""

    def __init__(self) -> None:
        self._parts: dict[Stream, Line] = {}
        self._steps = (
            Labels(("stream",)),
            Timestamps(Timestamp(field="time", layout="RFC3339Nano")),
            Output("content"),
        )

    def take(self, line: Line) -> Iterable[Line]:
        groups = named_groups(_CRI, line.text)
        line.fields.update(groups or {})
        if groups is None:
            line.unparsed += ("cri",)
        for step in self._steps:
            (line,) = step.take(line)
        return self._join(line, is_part=line.fields.get("flags") == "P")

    def _join(self, line: Line, *, is_part: bool) -> Iterable[Line]:
        stream = stream_of(line)
        if is_part and len(self._parts) >= MAX_PARTIAL_LINES:
            unfinished, self._parts = tuple(self._parts.values()), {stream: line}
            return unfinished
        earlier = self._parts.pop(stream, None)
        if earlier:
            line.text = earlier.text + line.text
            line.samples = earlier.samples + line.samples
        if is_part:
            self._parts[stream] = line
            return ()
        return (line,)

    def end(self) -> Iterable[Dropped]:
        return [part.drop(UNFINISHED) for part in self._parts.values()]


@dataclass
class _Block:
    """The lines of an entry that has not ended. `count` may count lines that were sent: Promtail keeps it."""

    first: Line
    text: str = ""
    samples: tuple[int, ...] = ()
    count: int = 0
    last_read_ns: int = 0


class JoinedLines(Step):
    """Join lines to the line before, until a line matches `first_line`. Each stream is joined separately."""

    def __init__(self, stage: JoinLines) -> None:
        self._stage = stage
        self._blocks: dict[Stream, _Block] = {}

    def take(self, line: Line) -> Iterator[Line]:
        stream = stream_of(line)
        is_first = matches(self._stage.first_line, line.text)
        block = self._blocks.get(stream)
        if block is None:
            if not is_first:
                yield line
                return
            block = self._blocks[stream] = _Block(line)
        if is_first:
            yield from _flush(block)
            block.first = line
        block.text = f"{block.text}\n{line.text}" if block.text else line.text
        block.samples += line.samples
        block.count += 1
        block.last_read_ns = line.read_ns
        if block.count == self._stage.max_lines:
            yield from _flush(block)

    def due(self, now_ns: int) -> Iterator[Line]:
        wait_ns = self._stage.max_wait.value * 1_000_000
        for block in self._blocks.values():
            if now_ns - block.last_read_ns >= wait_ns:
                yield from _flush(block)

    def end(self) -> Iterator[Line | Dropped]:
        for block in self._blocks.values():
            yield from _flush(block)
            if block.samples:
                yield Dropped(block.samples, EMPTY, "")


def _flush(block: _Block) -> Iterator[Line]:
    if not block.text:
        # An entry of one empty line is not sent, and its lines still count.
        return
    entry = block.first.copy()
    entry.text, entry.samples = block.text, block.samples
    block.text, block.samples, block.count = "", (), 0
    yield entry

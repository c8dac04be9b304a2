"""A plan on a terminal: colours, and lines that are wrapped so that none can be taken for another."""

from collections.abc import Iterator

from rich.cells import chop_cells
from rich.console import Console
from rich.text import Text

from logops.cli.output.console import printable
from logops.cli.output.findings import STYLES
from logops.findings import Severity
from logops.rollout import Plan
from logops.rollout.text import DiffLine, blocks, counts, diff_lines, headline, text_lines
from logops.wrapping import wrapped

_CONTINUED = "    ... "
"""Before the rest of a diff line that is too long for the terminal. No line of a diff starts like this."""
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_plan(console: Console, plan: Plan, *, whole: bool) -> None:
    """Print a plan: for a terminal with colours and wrapped lines, else as plain lines.

    whole   show every line of the diffs; otherwise long ones are folded
    """
    if console.is_terminal:
        for line in _terminal_lines(plan, console.width, whole=whole):
            console.print(line, soft_wrap=True)
    else:
        for text in text_lines(plan, whole=whole):
            console.print(printable(text), highlight=False, markup=False, soft_wrap=True)


def _terminal_lines(plan: Plan, width: int, *, whole: bool) -> Iterator[Text]:
    yield Text(headline(plan), "bold")
    for block in blocks(plan):
        yield Text()
        yield Text(block.heading, "bold")
        for entry in block.entries:
            lines = [*_wrapped(entry.text, width, 2)]
            if entry.severity:
                lines[0].stylize(STYLES[Severity(entry.severity)], 2, 2 + len(entry.severity))
            yield from lines
            for detail in entry.details:
                yield from _wrapped(detail, width, 4)
    if not plan.changed:
        return
    yield Text()
    yield from _wrapped(counts(plan), width, 0, "bold")
    for kind, line in diff_lines(plan, whole=whole):
        if kind is DiffLine.FILE:
            yield from _wrapped(line, width, 0, "bold") if line else [Text()]
        else:
            yield from _diff_line(line, width, "dim" if kind is DiffLine.FOLDED else _DIFF_STYLES.get(line[:1], ""))


def _wrapped(text: str, width: int, indent: int, style: str = "") -> Iterator[Text]:
    for line in wrapped(printable(text), max(width, 40), indent, indent + 2).splitlines():
        body = line.lstrip(" ")
        yield Text.assemble(" " * (len(line) - len(body)), (body, style))


def _diff_line(line: str, width: int, style: str) -> Iterator[Text]:
    # Somebody may have edited a live file.
    line, room = printable(line), max(width, 40)
    first = chop_cells(line, room - 2)[0] if line else ""
    yield Text.assemble("  ", (first, style))
    for more in chop_cells(line[len(first) :], room - len(_CONTINUED)):
        yield Text.assemble(_CONTINUED, (more, style))

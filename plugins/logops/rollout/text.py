"""A plan as text for people: what changes for them, then counts, then the diff of the files. Pure.

The terminal and Airflow show the same blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from logops.number_text import count_text, money_text, size_text

if TYPE_CHECKING:
    from logops.rollout.acceptance import PlanFinding
    from logops.rollout.cost import CostChange
    from logops.rollout.impact import Deletion, Impact, PromiseChange
    from logops.rollout.marks import PlanMark
    from logops.rollout.plan import ObjectChange, Plan

_REFUSALS = ("always", "until accepted", "no")
FOLDED_LINES = 40
"""Diff lines of a file that are shown before the others are folded."""


@dataclass(frozen=True)
class Entry:
    """One statement of a block, with further lines below it."""

    text: str
    details: tuple[str, ...] = ()
    severity: str = ""
    """Severity of a finding, for its colour; empty: no finding."""


@dataclass(frozen=True)
class Block:
    """A heading with its statements."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class FileDiff:
    """The diff of one file or process."""

    name: str
    lines: tuple[str, ...]
    """Lines of the unified diff, without the two lines that name the file."""

    @property
    def is_one_sided(self) -> bool:
        """Whether the whole file is added or removed."""
        return self.lines[0].startswith("@@ -0,0 ") or self.lines[0].endswith(" +0,0 @@")

    @property
    def summary(self) -> str:
        added, removed = (sum(line.startswith(sign) for line in self.lines) for sign in "+-")
        if self.is_one_sided:
            return f"{self.name}: new, {count_text(added, 'line')}" if added else f"{self.name}: removed"
        return f"{self.name}: {count_text(added, 'line')} added, {removed:,} removed"


def headline(plan: "Plan") -> str:
    """Return the first line of a plan."""
    return f"{plan.environment}: {f'plan {plan.digest[:12]}' if plan.changed else 'nothing to change'}"


def blocks(plan: "Plan") -> list[Block]:
    """Return what a plan means, most important first. An unchanged environment has only its critical findings."""
    all_blocks = [
        Block("Look at this before you approve", tuple(_marks(plan))),
        Block("What changes for the owners of logs", tuple(_promises(plan.impact, plan.made_at)))
        if plan.changed
        else None,
        Block("Cost", tuple(_cost(plan))) if plan.changed else None,
        Block("Findings", tuple(_findings(plan))),
        Block("What changes on the platform", tuple(_objects(plan))),
        Block("What is started and stopped", tuple(_workloads(plan))),
    ]
    return [block for block in all_blocks if block and block.entries]


def counts(plan: "Plan") -> str:
    """Return the number of changes, as one line.

    Deletions are of files and workloads. Deleted chunks are counted apart.
    """
    changes, starts, restarts, removals = (
        sum(len(getattr(stage, name)) for stage in plan.stages)
        for name in ("changes", "starts", "restarts", "removals")
    )
    line = ", ".join(
        (
            count_text(changes, "change"),
            count_text(starts, "start"),
            count_text(restarts, "restart"),
            count_text(removals, "deletion"),
        )
    )
    things = "files and objects" if any(stage.objects for stage in plan.stages) else "files and processes"
    deletions = [change.deletes for change in plan.impact.promises if change.deletes]
    if deletions:
        most = sum(deletion.chunks for deletion in deletions)
        up_to = "up to " if sum(deletion.at_least for deletion in deletions) < most else ""
        return f"{line} of {things}; {up_to}{count_text(most, 'chunk')} of logs deleted"
    return f"{line} of {things}"


def file_diffs(plan: "Plan") -> list[FileDiff]:
    """Return the diffs of all stages, file by file."""
    diffs: list[FileDiff] = []
    lines: list[str] = []
    names = ("", "")
    for line in (line for stage in plan.stages for line in stage.diff.split("\n") if stage.diff):
        # A removed line `-- x` also starts with `--- `, but only inside a hunk, after `@@`.
        if line.startswith("--- ") and not _inside_hunk(lines):
            if lines:
                diffs.append(FileDiff(_name(*names), tuple(lines)))
            names, lines = (line[4:], ""), []
        elif line.startswith("+++ ") and not lines and not names[1]:
            names = (names[0], line[4:])
        else:
            lines.append(line)
    if lines:
        diffs.append(FileDiff(_name(*names), tuple(lines)))
    return diffs


def text_lines(plan: "Plan", *, whole: bool) -> Iterator[str]:
    """Yield the plan as plain lines of any length, for a pipe or a log.

    whole   show every line of the diffs; otherwise long ones are folded
    """
    yield headline(plan)
    for block in blocks(plan):
        yield ""
        yield block.heading
        for entry in block.entries:
            yield f"  {entry.text}"
            yield from (f"    {detail}" for detail in entry.details)
    if not plan.changed:
        return
    yield ""
    yield counts(plan)
    for kind, line in diff_lines(plan, whole=whole):
        yield f"  {line}" if kind is not DiffLine.FILE else line


class DiffLine(StrEnum):
    """The kind of a line among the diffs."""

    FILE = "file"
    """The name of a file with its counts, an empty line, or how to see everything."""
    TEXT = "text"
    """A line of a diff."""
    FOLDED = "folded"
    """In place of lines that are left out."""


def diff_lines(plan: "Plan", *, whole: bool) -> Iterator[tuple[DiffLine, str]]:
    """Yield the diffs of all files.

    whole   yield every line; otherwise files that are added or removed as a whole have no lines, and long diffs only
            their first ones
    """
    any_folded = False
    after_text = True
    for diff in file_diffs(plan):
        is_folded = diff.is_one_sided and not whole
        if not is_folded or after_text:
            yield DiffLine.FILE, ""
        yield DiffLine.FILE, diff.summary
        after_text = not is_folded
        any_folded |= is_folded
        if is_folded:
            continue
        # A single line is never left out.
        left = 0 if whole or len(diff.lines) <= FOLDED_LINES + 1 else len(diff.lines) - FOLDED_LINES
        yield from ((DiffLine.TEXT, line) for line in diff.lines[: len(diff.lines) - left])
        if left:
            any_folded = True
            yield DiffLine.FOLDED, f"... {count_text(left, 'more line')}"
    if any_folded:
        yield DiffLine.FILE, ""
        yield DiffLine.FILE, "Lines are folded: --diff shows every line."


def markdown(plan: "Plan", limit: int) -> str:
    """Return the plan as Markdown. Diff lines beyond `limit` characters are counted, not shown."""
    parts = [f"**{headline(plan)}**"]
    for block in blocks(plan):
        lines = []
        for entry in block.entries:
            lines.append(f"- {_escaped(entry.text)}")
            lines += [f"    - {_escaped(detail)}" for detail in entry.details]
        parts.append(f"### {block.heading}\n\n" + "\n".join(lines))
    if not plan.changed:
        return "\n\n".join(parts)
    parts.append(f"**{counts(plan)}**")
    room = limit
    for diff in file_diffs(plan):
        text = "\n".join(diff.lines)
        shown = text[:room]
        # Whole lines only: half a line would be another value.
        if len(shown) < len(text):
            shown = shown.rpartition("\n")[0]
        left = len(diff.lines) - (shown.count("\n") + 1 if shown else 0)
        room -= len(shown)
        # A longer fence than any inside, so that a diff cannot end its own block.
        fenced = f"\n\n~~~~~~diff\n{shown}\n~~~~~~" if shown else ""
        parts.append(f"{_escaped(diff.summary)}{fenced}" + (f"\n\n... and {left} more lines." if left else ""))
    return "\n\n".join(parts)


def _marks(plan: "Plan") -> Iterator[Entry]:
    """Yield the marks of each class, those that refuse first, then the schema periods of the future."""
    groups: dict[str, list[PlanMark]] = {}
    for mark in sorted(plan.marks, key=lambda mark: (_REFUSALS.index(mark.refuses), mark.cls)):
        groups.setdefault(mark.cls, []).append(mark)
    for cls, marks in groups.items():
        number = f", {len(marks)} times" if len(marks) > 1 else ""
        decision = marks[0].decision(plan.accepted)
        remedies = dict.fromkeys(f"-> {mark.remedy}" for mark in marks)
        yield Entry(
            f"{marks[0].severity} {cls}{number}{'; ' if decision else ''}{decision}",
            (*(mark.message for mark in marks), *remedies),
            marks[0].severity,
        )
    for period in plan.new_periods:
        yield Entry(
            f"{period.cluster}: a new schema period begins on {period.begins} at 00:00 UTC: {period.text}.",
            (
                "Lines from this moment on are stored in its format, and older lines stay as they are. From then on it "
                "must never change.",
                "Until then it can be taken back by another rollout. Roll it out to every process before it begins.",
            ),
        )


def _objects(plan: "Plan") -> Iterator[Entry]:
    """Yield the objects that change, a component each."""
    components: dict[str, list[ObjectChange]] = {}
    for change in (change for stage in plan.stages for change in stage.objects):
        components.setdefault(change.component, []).append(change)
    for component, changes in components.items():
        lines = [
            f"change {change.object}: {count_text(change.lines, 'line')}"
            for change in changes
            if change.verb == "change"
        ]
        for verb in ("add", "remove"):
            if names := [change.object for change in changes if change.verb == verb]:
                lines.append(f"{verb} {', '.join(names)}")
        yield Entry(component, tuple(lines))


def _promises(impact: "Impact", as_of: datetime | None) -> Iterator[Entry]:
    for change in impact.promises:
        yield Entry(f"{change}{_deleted(change, impact)}")
    if not impact.promises:
        yield Entry("Nothing: retention, tiers, limits and copies stay as they are.")
        return
    if impact.counted_at and impact.counted_until:
        age = f", {_age(as_of - impact.counted_at)} ago" if as_of else ""
        yield Entry(
            f"Counted by the audit of {impact.counted_at:%Y-%m-%d %H:%M} UTC{age}: the chunks that are past the new "
            f"retention at {impact.counted_until:%Y-%m-%d %H:%M} UTC, and would be kept without this change."
        )
    if impact.uncounted:
        yield Entry(f"How many chunks are deleted is unknown. {impact.uncounted}")
    if impact.shortens:
        yield Entry("Rolling back does not bring deleted logs back.")


def _deleted(change: "PromiseChange", impact: "Impact") -> str:
    if not change.shortens:
        return ""
    if change.deletes:
        return f"; by the next night Loki deletes {_deletion(change.deletes)}"
    if change.promise == "deleted after":
        return "; how many blobs Azure deletes is not counted"
    return "; nothing that is stored is older" if change.promise == "kept" and impact.counted_at else ""


def _deletion(deletion: "Deletion") -> str:
    chunks = count_text(deletion.chunks, "chunk")
    if deletion.at_least < deletion.chunks:
        chunks = f"{deletion.at_least:,} to {chunks}" if deletion.at_least else f"up to {chunks}"
    days = f"{deletion.first} to {deletion.last}" if deletion.first != deletion.last else f"{deletion.first}"
    return f"{chunks}, {size_text(deletion.bytes)}, {days}"


def _cost(plan: "Plan") -> Iterator[Entry]:
    if plan.unpriced:
        yield Entry(f"Unknown. {plan.unpriced}")
    if plan.cost:
        yield Entry(
            f"In the long run, at {size_text(round(plan.cost.bytes_per_day))} of these logs a day: "
            f"{_amounts(plan.cost)}.",
            (plan.cost.prices,),
        )
        if plan.cost.moved_chunks:
            yield Entry(
                f"Once: Azure moves {count_text(plan.cost.moved_chunks, 'stored chunk')} to another tier, for "
                f"{plan.cost.currency} {money_text(plan.cost.moves)}."
            )


def _amounts(cost: "CostChange") -> str:
    before, after = (
        f"{money_text(amount)} a month" + (f", and {money_text(growth)} more every month" if growth else "")
        for amount, growth in ((cost.before, cost.growth_before), (cost.after, cost.growth_after))
    )
    if before == after:
        return f"{cost.currency} {after}, before and after"
    return f"{cost.currency} {before} -> {after}"


def _findings(plan: "Plan") -> Iterator[Entry]:
    groups: dict[tuple[str, str], list[PlanFinding]] = {}
    for finding in plan.findings:
        if _is_shown(finding, plan):
            groups.setdefault((finding.cls, finding.state), []).append(finding)
    for (cls, state), group in groups.items():
        number = f", {len(group)} times" if len(group) > 1 else ""
        compared = {"new": ", new", "open": ", as before"}.get(state, "")
        remedies = dict.fromkeys(f"-> {finding.remedy}" for finding in group)
        messages = [finding.message for finding in group]
        severity = group[0].severity
        yield Entry(f"{severity} {cls}{number}{compared}{_decision(group[0], plan)}", (*messages, *remedies), severity)
    if not plan.changed:
        return
    if hidden := [finding.cls for finding in plan.findings if not _is_shown(finding, plan)]:
        yield Entry(f"{count_text(len(hidden), 'finding')} as before: {', '.join(sorted(set(hidden)))}")
    yield from (Entry(f"gone: {finding}") for finding in plan.gone)
    if plan.compared_with is None and plan.findings:
        yield Entry("Which of these are new is unknown: no earlier rollout has recorded its findings.")
    elif plan.compared_with and (plan.gone or len(hidden) < len(plan.findings)):
        yield Entry(f"Compared with the rollout of {plan.compared_with:%Y-%m-%d %H:%M} UTC.")


def _decision(finding: "PlanFinding", plan: "Plan") -> str:
    reasons = [acceptance.reason for acceptance in plan.accepted if acceptance.cls == finding.cls]
    if reasons:
        return f"; accepted: {reasons[0]}"
    return "; not accepted, so the rollout is refused" if finding.is_critical and plan.changed else ""


def _is_shown(finding: "PlanFinding", plan: "Plan") -> bool:
    """Whether a finding is shown with its message: it is critical, or it may be new."""
    return finding.is_critical or (plan.changed and finding.state != "open")


def _workloads(plan: "Plan") -> Iterator[Entry]:
    for stage in plan.stages:
        objects = {change.object for change in stage.objects}
        if stage.restarts:
            order = "" if len(stage.restarts) == 1 or objects else ", one after the other"
            yield Entry(f"{stage.stage}: restarts{order}: {', '.join(stage.restarts)}")
        if stage.starts:
            yield Entry(f"{stage.stage}: starts {', '.join(stage.starts)}")
        if stops := [name for name in stage.removals if "/" not in name and name not in objects]:
            yield Entry(f"{stage.stage}: stops {', '.join(stops)}")


def _inside_hunk(lines: Sequence[str]) -> bool:
    """Whether the last hunk of these lines still lacks lines that its header announces."""
    start = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith("@@ ")), None)
    if start is None:
        return False
    removed, added = (_length(part) for part in lines[start].split(" ")[1:3])
    body = lines[start + 1 :]
    return (
        sum(not line.startswith("+") for line in body) < removed
        or sum(not line.startswith("-") for line in body) < added
    )


def _length(part: str) -> int:
    """Return the number of lines in `-3,7` or `+3`."""
    _, comma, length = part.partition(",")
    return int(length) if comma else 1


def _name(before: str, after: str) -> str:
    name = before if after == "/dev/null" else after
    return name.removeprefix("live/").removeprefix("desired/")


def _age(age: timedelta) -> str:
    """
    >>> _age(timedelta(minutes=5)), _age(timedelta(hours=10)), _age(timedelta(days=3))
    ('5 min', '10 h', '3 d')
    """
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _escaped(text: str) -> str:
    """Escape what Markdown would read as emphasis or code."""
    for character in "\\`*_":
        text = text.replace(character, f"\\{character}")
    return text

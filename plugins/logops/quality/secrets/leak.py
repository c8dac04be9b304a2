"""Conclusions from the matches of a sample about its stream."""

from collections.abc import Mapping
from dataclasses import dataclass

from logops.number_text import count_text, plural
from logops.quality.secrets.bound import CONFIDENCE, upper_bound
from logops.quality.secrets.match import Match
from logops.quality.secrets.rules import Kind
from logops.quality.secrets.scan import Scan

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Leak:
    """All matches of one rule in one sample. It contains no secret."""

    rule_id: str
    kind: Kind
    streams: tuple[Mapping[str, str], ...]
    """The labels of the streams with a match. Secrets in them are masked."""
    parts: tuple[str, ...]
    """The part of the entry with the matches: `line`, `label NAME`, `structured metadata NAME`."""
    hashes: tuple[str, ...]
    """Salted hashes of the different values, the most frequent first."""
    matches: int
    lines: int
    """Lines with a match, of those that were read or searched."""
    sampled_lines: int
    """Lines that were read or searched."""
    total_lines: int | None
    """Lines of the whole stream; None if they were not counted."""
    at_most_lines: int | None
    """Upper bound for the lines of the whole stream; None if they were not counted."""
    confidence: float
    labelled_streams: int
    """Streams with a match in a label."""
    total_streams: int
    """Streams whose labels were scanned: all, not a sample."""
    first_ns: int
    last_ns: int
    """Time of the oldest and the newest match, in nanoseconds since the epoch. 0: only in labels of streams without a
    sampled line."""
    is_salt_kept: bool
    """Whether the hashes can be compared with those of other runs."""
    examples: tuple[str, ...]
    """Masked. At most MAX_EXAMPLES, each with another value."""

    @property
    def evidence(self) -> dict[str, str | int | float | bool]:
        """Return the numbers and hashes for a finding."""
        bound = {} if self.at_most_lines is None else {"at_most": self.at_most_lines}
        return {
            "rule": self.rule_id,
            "where": ", ".join(self.parts),
            "lines": self.lines,
            "sampled": self.sampled_lines,
            **bound,
            "values": len(self.hashes),
            "hashes": " ".join(self.hashes[:MAX_EXAMPLES]),
            "hashes_of": "all runs of this environment" if self.is_salt_kept else "this run only",
        }

    @property
    def statement(self) -> str:
        """Return the count in the sample and the bound for the whole stream as a sentence.

        Example: `2 of 1,000 sampled lines contain 1 value; with 95 % confidence at most 6,286 of 1,000,000 lines.`
        """
        values = count_text(len(self.hashes), "different value")
        if self.labelled_streams and not self.lines:
            return f"{self._streams_with_it} {values}; the sample has no line of these streams."
        if self.labelled_streams:
            return f"{self._streams_with_it} it, which counts for each of its lines. {self._lines_with_it(values)}"
        return self._lines_with_it(values)

    @property
    def _streams_with_it(self) -> str:
        return f"A label of {self.labelled_streams:,} of {count_text(self.total_streams, 'stream')} contains"

    def _lines_with_it(self, values: str) -> str:
        verb = "contains" if self.lines == 1 else "contain"
        every = self.total_lines is not None and self.total_lines <= self.sampled_lines
        noun = "line" if every else "sampled line"
        sentence = f"{self.lines:,} of {count_text(self.sampled_lines, noun)} {verb} {values}"
        if self.total_lines is None or self.at_most_lines is None:
            return f"{sentence}; the lines of the whole stream were not counted."
        if every:
            return f"{sentence}; every line was searched."
        bound = f"at most {self.at_most_lines:,} of {self.total_lines:,} {plural(self.total_lines, 'line')}"
        return f"{sentence}; with {100 * self.confidence:.3g} % confidence {bound}."


def leaks(
    scan: Scan, total_lines: int | None = None, confidence: float = CONFIDENCE, read_lines: int | None = None
) -> tuple[Leak, ...]:
    """Return the matches of a scan by rule, the rule with the most lines first.

    total_lines   lines of the whole stream, or of all streams together if the scan has several. The scanned lines must
                  be a random sample of them; otherwise the bound is not valid.
    read_lines    lines of which the scanned lines are all that can have a match; None: only the scanned lines
    """
    by_rule: dict[str, list[Match]] = {}
    for match in scan.matches:
        by_rule.setdefault(match.rule_id, []).append(match)
    read = scan.lines if read_lines is None else max(read_lines, scan.lines)
    leaks = [_leak(matches, scan, total_lines, confidence, read) for matches in by_rule.values()]
    return tuple(sorted(leaks, key=lambda leak: (-leak.lines, leak.rule_id)))


def _leak(matches: list[Match], scan: Scan, total_lines: int | None, confidence: float, read_lines: int) -> Leak:
    rule_id = matches[0].rule_id
    lines = scan.lines_by_rule[rule_id]
    by_hash: dict[str, list[Match]] = {}
    for match in matches:
        by_hash.setdefault(match.hash, []).append(match)
    hashes = sorted(by_hash, key=lambda value_hash: (-len(by_hash[value_hash]), value_hash))
    streams = {tuple(sorted(match.stream.items())): match.stream for match in matches}
    parts = sorted({match.part if match.name is None else f"{match.part} {match.name}" for match in matches})
    at_most = None if total_lines is None else upper_bound(lines, read_lines, total_lines, confidence)
    return Leak(
        rule_id=rule_id,
        kind=matches[0].kind,
        streams=tuple(streams.values()),
        parts=tuple(parts),
        hashes=tuple(hashes),
        matches=len(matches),
        lines=lines,
        sampled_lines=read_lines,
        total_lines=total_lines,
        at_most_lines=at_most,
        confidence=confidence,
        labelled_streams=scan.streams_by_rule.get(rule_id, 0),
        total_streams=scan.streams,
        first_ns=min((match.timestamp_ns for match in matches if match.timestamp_ns), default=0),
        last_ns=max(match.timestamp_ns for match in matches),
        is_salt_kept=scan.is_salt_kept,
        examples=tuple(by_hash[value_hash][0].example for value_hash in hashes[:MAX_EXAMPLES]),
    )

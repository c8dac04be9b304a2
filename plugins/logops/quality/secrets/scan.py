"""Scan entries for secrets and personal data: lines, labels and structured metadata."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from logops.clients.loki.model import LogLine
from logops.quality.secrets.batch import Batch
from logops.quality.secrets.mask import Span, example, masked, printable, random_runs
from logops.quality.secrets.match import Match, Part, Salt
from logops.quality.secrets.prefilter import Prefilter
from logops.quality.secrets.rules import Rule

MAX_LINE_BYTES = 64 << 10
"""Longer lines are cut here before they are scanned."""
NO_TIME = 0
"""The time of a stream that has no entry."""
BATCH_CHARACTERS = 4 << 20
"""Characters of lines that are scanned in one pass."""


@dataclass(frozen=True)
class Scan:
    """The result of a scan."""

    matches: tuple[Match, ...]
    lines: int
    size_bytes: int
    """Bytes of the lines, labels and structured metadata that were scanned."""
    cut_lines: int
    """Lines that were longer than MAX_LINE_BYTES. The rest of them was not scanned."""
    lines_by_rule: Mapping[str, int]
    """Lines with a match, by rule. A match in a label counts for every scanned line of its stream."""
    streams: int
    """Streams whose labels were scanned."""
    streams_by_rule: Mapping[str, int]
    """Streams with a match in a label, by rule."""
    is_salt_kept: bool
    """Whether the hashes can be compared with those of other runs."""


@dataclass(frozen=True, slots=True)
class _Source:
    """The origin of a text."""

    part: Part
    name: str | None
    timestamp_ns: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """The matches of rules in a text: values to report, and parts to mask."""

    values: Sequence[tuple[Rule, int, int]]
    masks: Sequence[Span]


@dataclass
class _Stream:
    """A stream of the scan."""

    labels: Mapping[str, str]
    shown: Mapping[str, str]
    """The labels with secrets masked."""
    lines: int = 0
    entries: dict[str, set[int]] = field(default_factory=dict)
    """Numbers of the entries with a match, by rule."""
    rules_of_labels: set[str] = field(default_factory=set)


def scan(
    entries: Iterable[LogLine],
    rules: Sequence[Rule],
    salt: Salt,
    max_line_bytes: int = MAX_LINE_BYTES,
    streams: Iterable[Mapping[str, str]] = (),
) -> Scan:
    """Return the matches of the rules in entries. Entries may come from an iterator: only a batch is held at a time.

    streams   labels of streams that may have no entry here: they are scanned too

    A value that several rules match is reported by the first of them. Matches of labels are reported once a stream.
    """
    scanner = _Scanner(rules, salt, max_line_bytes)
    batch: list[LogLine] = []
    characters = 0
    for entry in entries:
        batch.append(entry)
        characters += len(entry.text)
        if characters >= BATCH_CHARACTERS:
            scanner.scan_entries(batch)
            batch, characters = [], 0
    scanner.scan_entries(batch)
    scanner.scan_streams(streams)
    return scanner.result()


def masked_line(text: str, rules: Sequence[Rule]) -> str:
    """Return a line as an example that may be shown: masked, in one line, and shortened.

    Values that are too regular for a secret, or have a wrong checksum, are masked too.
    """
    line = Batch.of([text], MAX_LINE_BYTES).text(0)
    masks = _masks(line, rules)
    return example(line, masks, masks[0].start if masks else 0)


def masked_text(text: str, rules: Sequence[Rule]) -> str:
    """Return a text that may contain parts of a log, such as an error message: masked, in one line, not shortened."""
    content = Batch.of([text], MAX_LINE_BYTES).text(0)
    return "".join(map(printable, masked(content, _masks(content, rules))))


def _masks(text: bytes, rules: Sequence[Rule]) -> list[Span]:
    """Return what to mask in a text that is shown although no rule reported it."""
    spans = _spans(text, rules, range(len(rules)))
    return [span for _, span in (*spans.certain, *spans.uncertain)] + random_runs(text)


class _Scanner:
    """The state of a scan."""

    def __init__(self, rules: Sequence[Rule], salt: Salt, max_line_bytes: int) -> None:
        self._rules = rules
        self._salt = salt
        self._max_line_bytes = max_line_bytes
        self._prefilter = Prefilter(rules)
        self._streams: list[_Stream] = []
        self._new_streams: list[tuple[_Stream, int]] = []
        """Streams whose labels are not scanned yet, with the time of their first entry."""
        self._numbers: dict[frozenset[tuple[str, str]], int] = {}
        self._matches: list[Match] = []
        self._lines = self._size_bytes = self._cut_lines = 0

    def scan_entries(self, entries: Sequence[LogLine]) -> None:
        """Scan the next entries."""
        stream_numbers = self._stream_numbers(entries)
        self._scan_labels()
        owners = [
            (position, name, value)
            for position, entry in enumerate(entries)
            if entry.structured_metadata
            for name, value in entry.structured_metadata.items()
        ]
        lines = self._batch(entry.text for entry in entries)
        metadata = self._batch(f"{name}={value}" for _, name, value in owners)
        for number, hit in _hits(lines, self._rules, self._prefilter):
            source = _Source(Part.LINE, None, entries[number].timestamp_ns)
            self._report(lines.text(number), hit, source, number, self._streams[stream_numbers[number]])
        for number, hit in _hits(metadata, self._rules, self._prefilter):
            position, name, _ = owners[number]
            source = _Source(Part.METADATA, name, entries[position].timestamp_ns)
            self._report(metadata.text(number), hit, source, position, self._streams[stream_numbers[position]])
        for stream_number, count in Counter(stream_numbers).items():
            self._streams[stream_number].lines += count
        self._lines += len(entries)
        self._cut_lines += lines.cut

    def scan_streams(self, streams: Iterable[Mapping[str, str]]) -> None:
        """Scan the labels of streams that had no entry."""
        for labels in streams:
            self._stream_number(labels, NO_TIME)
        self._scan_labels()

    def result(self) -> Scan:
        lines_by_rule: dict[str, int] = {}
        for stream in self._streams:
            for rule_id in stream.rules_of_labels | set(stream.entries):
                lines = stream.lines if rule_id in stream.rules_of_labels else len(stream.entries[rule_id])
                lines_by_rule[rule_id] = lines_by_rule.get(rule_id, 0) + lines
        return Scan(
            matches=tuple(self._matches),
            lines=self._lines,
            size_bytes=self._size_bytes,
            cut_lines=self._cut_lines,
            lines_by_rule=lines_by_rule,
            streams=len(self._streams),
            streams_by_rule=Counter(rule_id for stream in self._streams for rule_id in stream.rules_of_labels),
            is_salt_kept=self._salt.is_kept,
        )

    def _batch(self, texts: Iterable[str]) -> Batch:
        batch = Batch.of([*texts], self._max_line_bytes)
        self._size_bytes += batch.size_bytes
        return batch

    def _report(self, text: bytes, hit: _Hit, source: _Source, position: int, stream: _Stream) -> None:
        for rule, start, end in hit.values:
            stream.entries.setdefault(rule.id, set()).add(self._lines + position)
            self._matches.append(self._match(text, hit, source, stream, rule, start, end))

    def _stream_numbers(self, entries: Sequence[LogLine]) -> list[int]:
        """Return the number of each entry's stream."""
        # Entries of a stream mostly share one object of labels, which lives as long as the entries.
        known: dict[int, int] = {}
        numbers = []
        for entry in entries:
            labels = entry.labels
            number = known.get(id(labels))
            if number is None:
                number = known[id(labels)] = self._stream_number(labels, entry.timestamp_ns)
            numbers.append(number)
        return numbers

    def _stream_number(self, labels: Mapping[str, str], time_ns: int) -> int:
        """Return the number of a stream. A new one is noted: its labels are to be scanned."""
        key = frozenset(labels.items())
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._streams)
            stream = _Stream(labels, labels)
            self._streams.append(stream)
            self._new_streams.append((stream, time_ns))
        return number

    def _scan_labels(self) -> None:
        """Scan the labels of new streams. They are scanned before the lines, because every match shows them."""
        owners = [(stream, name, time_ns) for stream, time_ns in self._new_streams for name in stream.labels]
        batch = self._batch(f"{name}={stream.labels[name]}" for stream, name, _ in owners)
        hits = list(_hits(batch, self._rules, self._prefilter))
        for number, hit in hits:
            stream, name, _ = owners[number]
            shown_name, _, shown_value = printable(b"".join(masked(batch.text(number), hit.masks))).partition("=")
            stream.shown = {
                (shown_name if label == name else label): (shown_value if label == name else value)
                for label, value in stream.shown.items()
            }
        for number, hit in hits:
            stream, name, time_ns = owners[number]
            source = _Source(Part.LABEL, name, time_ns)
            for rule, start, end in hit.values:
                stream.rules_of_labels.add(rule.id)
                self._matches.append(self._match(batch.text(number), hit, source, stream, rule, start, end))
        self._new_streams.clear()

    def _match(
        self, text: bytes, hit: _Hit, source: _Source, stream: _Stream, rule: Rule, start: int, end: int
    ) -> Match:
        name = source.name
        if name is not None:
            name = printable(b"".join(masked(text, hit.masks))).partition("=")[0]
        return Match(
            rule_id=rule.id,
            kind=rule.kind,
            stream=stream.shown,
            part=source.part,
            name=name,
            timestamp_ns=source.timestamp_ns,
            hash=self._salt.hash(text[start:end]),
            position=_characters(text[:start]),
            length=_characters(text[start:end]),
            example=example(text, hit.masks, start),
        )


@dataclass(frozen=True, slots=True)
class _Spans:
    """The parts of a text that rules matched."""

    certain: Sequence[tuple[Rule, Span]]
    uncertain: Sequence[tuple[Rule, Span]]


def _spans(text: bytes, rules: Sequence[Rule], rule_numbers: Iterable[int]) -> _Spans:
    """Return what the rules of these numbers match, in the order of the rules."""
    certain: list[tuple[Rule, Span]] = []
    uncertain: list[tuple[Rule, Span]] = []
    for rule in (rules[number] for number in sorted(rule_numbers)):
        for start, end, is_certain in rule.spans(text):
            (certain if is_certain else uncertain).append((rule, Span(start, end, rule.mask)))
    return _Spans(certain, uncertain)


def _hits(batch: Batch, rules: Sequence[Rule], prefilter: Prefilter) -> Iterator[tuple[int, _Hit]]:
    """Return the texts with a value to report, by number.

    The mask is wider than the report: it also hides values that are too regular for a secret, or have a wrong checksum.
    """
    for number, rule_numbers in sorted(prefilter.candidates(batch).items()):
        spans = _spans(batch.text(number), rules, rule_numbers)
        values: list[tuple[Rule, int, int]] = []
        for rule, span in spans.certain:
            if not any(span.start < end and start < span.end for _, start, end in values):
                values.append((rule, span.start, span.end))
        if values:
            yield number, _Hit(values, [span for _, span in (*spans.certain, *spans.uncertain)])


def _characters(text: bytes) -> int:
    """Return the number of bytes that do not continue a character. Decoding could fail, and show the bytes."""
    return sum(byte & 0xC0 != 0x80 for byte in text)

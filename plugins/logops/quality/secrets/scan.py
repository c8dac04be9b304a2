"""Scan entries for secrets and personal data: lines, labels and structured metadata."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from logops.clients.loki.model import LogLine
from logops.quality.secrets.mask import Span, example, masked, printable
from logops.quality.secrets.match import Match, Part, Salt
from logops.quality.secrets.prefilter import Prefilter
from logops.quality.secrets.rules import Rule

MAX_LINE_BYTES = 64 << 10
"""Longer lines are cut here before they are scanned."""
BATCH_BYTES = 4 << 20
"""Texts that are scanned in one pass."""


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


def scan(entries: Iterable[LogLine], rules: Sequence[Rule], salt: Salt, max_line_bytes: int = MAX_LINE_BYTES) -> Scan:
    """Return the matches of the rules in entries. Entries may come from an iterator: only a batch is held at a time.

    A value that several rules match is reported by the first of them. Matches of labels are reported once a stream.
    """
    scanner = _Scanner(rules, salt, max_line_bytes)
    for entry in entries:
        scanner.add(entry)
    return scanner.result()


def masked_line(text: str, rules: Sequence[Rule]) -> str:
    """Return a line as an example that may be shown: masked, in one line, and shortened.

    Values that are too regular for a secret, or have a wrong checksum, are masked too.
    """
    line = _bytes(text)[:MAX_LINE_BYTES]
    spans = _spans(line, rules, range(len(rules)))
    masks = [span for _, span in (*spans.certain, *spans.uncertain)]
    return example(line, masks, masks[0].start if masks else 0)


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
        self._last: tuple[Mapping[str, str], int] | None = None
        self._matches: list[Match] = []
        self._lines = self._size_bytes = self._cut_lines = 0
        self._start_batch()

    def _start_batch(self) -> None:
        self._entries: list[LogLine] = []
        self._stream_numbers: list[int] = []
        self._texts: list[bytes] = []
        """The line of each entry, in the same order."""
        self._metadata: list[bytes] = []
        self._metadata_owners: list[tuple[int, str]] = []
        """Position of the entry in the batch, and name of the key."""
        self._batch_bytes = 0

    def add(self, entry: LogLine) -> None:
        line = _bytes(entry.text)
        if len(line) > self._max_line_bytes:
            line = line[: self._max_line_bytes]
            self._cut_lines += 1
        self._batch_bytes += len(line)
        for name, value in entry.structured_metadata.items():
            text = _named(name, value, self._max_line_bytes)
            self._metadata.append(text)
            self._metadata_owners.append((len(self._entries), name))
            self._batch_bytes += len(text)
        self._stream_numbers.append(self._stream_number(entry))
        self._entries.append(entry)
        self._texts.append(line)
        if self._batch_bytes >= BATCH_BYTES:
            self._scan_batch()

    def result(self) -> Scan:
        self._scan_batch()
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
            is_salt_kept=self._salt.is_kept,
        )

    def _scan_batch(self) -> None:
        self._scan_labels()
        for position, hit in _hits(self._texts, self._rules, self._prefilter):
            source = _Source(Part.LINE, None, self._entries[position].timestamp_ns)
            self._report(self._texts[position], hit, source, position)
        for number, hit in _hits(self._metadata, self._rules, self._prefilter):
            position, name = self._metadata_owners[number]
            source = _Source(Part.METADATA, name, self._entries[position].timestamp_ns)
            self._report(self._metadata[number], hit, source, position)
        for stream_number, lines in Counter(self._stream_numbers).items():
            self._streams[stream_number].lines += lines
        self._lines += len(self._entries)
        self._size_bytes += self._batch_bytes
        self._start_batch()

    def _report(self, text: bytes, hit: _Hit, source: _Source, position: int) -> None:
        stream = self._streams[self._stream_numbers[position]]
        for rule, start, end in hit.values:
            stream.entries.setdefault(rule.id, set()).add(self._lines + position)
            self._matches.append(self._match(text, hit, source, stream, rule, start, end))

    def _stream_number(self, entry: LogLine) -> int:
        # Entries of a stream mostly follow each other and share their labels.
        if self._last is not None and self._last[0] is entry.labels:
            return self._last[1]
        key = frozenset(entry.labels.items())
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._streams)
            stream = _Stream(entry.labels, entry.labels)
            self._streams.append(stream)
            self._new_streams.append((stream, entry.timestamp_ns))
        self._last = (entry.labels, number)
        return number

    def _scan_labels(self) -> None:
        """Scan the labels of new streams. They are scanned before the lines, because every match shows them."""
        owners = [(stream, name, time_ns) for stream, time_ns in self._new_streams for name in stream.labels]
        texts = [_named(name, stream.labels[name], self._max_line_bytes) for stream, name, _ in owners]
        hits = list(_hits(texts, self._rules, self._prefilter))
        for number, hit in hits:
            stream, name, _ = owners[number]
            shown_name, _, shown_value = printable(b"".join(masked(texts[number], hit.masks))).partition("=")
            stream.shown = {
                (shown_name if label == name else label): (shown_value if label == name else value)
                for label, value in stream.shown.items()
            }
        for number, hit in hits:
            stream, name, time_ns = owners[number]
            source = _Source(Part.LABEL, name, time_ns)
            for rule, start, end in hit.values:
                stream.rules_of_labels.add(rule.id)
                self._matches.append(self._match(texts[number], hit, source, stream, rule, start, end))
        self._size_bytes += sum(map(len, texts))
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


def _hits(texts: Sequence[bytes], rules: Sequence[Rule], prefilter: Prefilter) -> Iterator[tuple[int, _Hit]]:
    """Return the texts with a value to report, by number.

    The mask is wider than the report: it also hides values that are too regular for a secret, or have a wrong checksum.
    """
    for number, rule_numbers in sorted(prefilter.candidates(texts).items()):
        spans = _spans(texts[number], rules, rule_numbers)
        values: list[tuple[Rule, int, int]] = []
        for rule, span in spans.certain:
            if not any(span.start < end and start < span.end for _, start, end in values):
                values.append((rule, span.start, span.end))
        if values:
            yield number, _Hit(values, [span for _, span in (*spans.certain, *spans.uncertain)])


def _named(name: str, value: str, max_bytes: int) -> bytes:
    text = f"{name}={value}".encode("utf-8", "surrogatepass")
    return text if len(text) <= max_bytes else text[:max_bytes]


def _bytes(text: str) -> bytes:
    """Return a text as UTF-8. Half a surrogate pair, which JSON can contain, is kept as its three bytes."""
    return text.encode("utf-8", "surrogatepass")


def _characters(text: bytes) -> int:
    """Return the number of bytes that do not continue a character. Decoding could fail, and show the bytes."""
    return sum(byte & 0xC0 != 0x80 for byte in text)

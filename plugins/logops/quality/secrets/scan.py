"""Scan entries for secrets and personal data: lines, labels and structured metadata."""

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
class _Text:
    """A text to scan: a line, or `name=value`."""

    entry: int
    stream: int
    part: Part
    name: str | None
    timestamp_ns: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where rules matched a text: values to report, and parts to mask."""

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


class _Scanner:
    """The state of a scan."""

    def __init__(self, rules: Sequence[Rule], salt: Salt, max_line_bytes: int) -> None:
        self._rules = rules
        self._salt = salt
        self._max_line_bytes = max_line_bytes
        self._prefilter = Prefilter(rules)
        self._streams: list[_Stream] = []
        self._numbers: dict[frozenset[tuple[str, str]], int] = {}
        self._last: tuple[Mapping[str, str], int] | None = None
        self._matches: list[Match] = []
        self._texts: list[bytes] = []
        self._sources: list[_Text] = []
        self._batch_bytes = self._size_bytes = self._cut_lines = self._lines = 0

    def add(self, entry: LogLine) -> None:
        number = self._stream_number(entry)
        line = _bytes(entry.text)
        if len(line) > self._max_line_bytes:
            line = line[: self._max_line_bytes]
            self._cut_lines += 1
        self._put(line, _Text(self._lines, number, Part.LINE, None, entry.timestamp_ns))
        for name, value in entry.structured_metadata.items():
            text = _named(name, value, self._max_line_bytes)
            self._put(text, _Text(self._lines, number, Part.METADATA, name, entry.timestamp_ns))
        self._streams[number].lines += 1
        self._lines += 1
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

    def _put(self, text: bytes, source: _Text) -> None:
        self._texts.append(text)
        self._sources.append(source)
        self._batch_bytes += len(text)

    def _scan_batch(self) -> None:
        for number, hit in _hits(self._texts, self._rules, self._prefilter):
            source = self._sources[number]
            stream = self._streams[source.stream]
            for rule, start, end in hit.values:
                stream.entries.setdefault(rule.id, set()).add(source.entry)
                self._matches.append(self._match(self._texts[number], hit, source, stream, rule, start, end))
        self._size_bytes += self._batch_bytes
        self._batch_bytes = 0
        self._texts.clear()
        self._sources.clear()

    def _stream_number(self, entry: LogLine) -> int:
        # Entries of a stream mostly follow each other and share their labels.
        if self._last is not None and self._last[0] is entry.labels:
            return self._last[1]
        key = frozenset(entry.labels.items())
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._streams)
            self._add_stream(entry, number)
        self._last = (entry.labels, number)
        return number

    def _add_stream(self, entry: LogLine, number: int) -> None:
        """Scan the labels of a stream. They are scanned first, because every match shows them."""
        names = list(entry.labels)
        texts = [_named(name, entry.labels[name], self._max_line_bytes) for name in names]
        self._size_bytes += sum(map(len, texts))
        hits = dict(_hits(texts, self._rules, self._prefilter))
        shown: dict[str, str] = {}
        for position, name in enumerate(names):
            if position in hits:
                text = printable(b"".join(masked(texts[position], hits[position].masks)))
                shown_name, _, shown_value = text.partition("=")
                shown[shown_name] = shown_value
            else:
                shown[name] = entry.labels[name]
        stream = _Stream(entry.labels, shown)
        self._streams.append(stream)
        for position, hit in hits.items():
            source = _Text(-1, number, Part.LABEL, names[position], entry.timestamp_ns)
            for rule, start, end in hit.values:
                stream.rules_of_labels.add(rule.id)
                self._matches.append(self._match(texts[position], hit, source, stream, rule, start, end))

    def _match(self, text: bytes, hit: _Hit, source: _Text, stream: _Stream, rule: Rule, start: int, end: int) -> Match:
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


def _hits(texts: Sequence[bytes], rules: Sequence[Rule], prefilter: Prefilter) -> Iterator[tuple[int, _Hit]]:
    """Return the texts with a value to report, by number.

    The mask is wider than the report: it also hides values that are too regular for a secret, or have a wrong checksum.
    """
    for number, rule_numbers in sorted(prefilter.candidates(texts).items()):
        text = texts[number]
        values: list[tuple[Rule, int, int]] = []
        certain: list[Span] = []
        uncertain: list[Span] = []
        for rule in (rules[rule_number] for rule_number in sorted(rule_numbers)):
            for start, end, is_certain in rule.spans(text):
                (certain if is_certain else uncertain).append(Span(start, end, rule.mask))
                if is_certain and not any(start < other_end and other < end for _, other, other_end in values):
                    values.append((rule, start, end))
        if values:
            yield number, _Hit(values, [*certain, *uncertain])


def _named(name: str, value: str, max_bytes: int) -> bytes:
    return _bytes(f"{name}={value}")[:max_bytes]


def _bytes(text: str) -> bytes:
    """Return a text as UTF-8. Half a surrogate pair, which JSON can contain, is kept as its three bytes."""
    return text.encode("utf-8", "surrogatepass")


def _characters(text: bytes) -> int:
    """Return the number of bytes that do not continue a character. Decoding could fail, and show the bytes."""
    return sum(byte & 0xC0 != 0x80 for byte in text)

"""Make fields of lines, and labels, structured metadata, the timestamp and the text of fields."""

import json
from collections.abc import Iterable, Mapping

from logops.environment.go_time import TimestampError, parse_timestamp
from logops.environment.pipeline import Timestamp
from logops.pipelines.line import Line
from logops.pipelines.logfmt import logfmt_pairs
from logops.pipelines.stages import ParseJson, ParseLogfmt, ParseRegex
from logops.pipelines.step import Step
from logops.pipelines.text import is_utf8, named_groups

_HTML = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})


class Fields(Step):
    """Make fields of a line. A line that cannot be parsed has no fields, and is sent."""

    def __init__(self, stage: ParseJson | ParseLogfmt | ParseRegex, name: str = "") -> None:
        self._stage = stage
        self._name = name or type(stage).__name__.removeprefix("Parse").lower()

    def take(self, line: Line) -> Iterable[Line]:
        fields = self._fields(line.text)
        if fields is None:
            line.unparsed += (self._name,)
        line.fields.update(fields or {})
        return (line,)

    def _fields(self, text: str) -> Mapping[str, object] | None:
        match self._stage:
            case ParseJson(fields=paths):
                return _json_fields(text, paths)
            case ParseLogfmt(fields=keys):
                # If two fields have the same key, the last one gets the value.
                names = {key: name for name, key in keys.items()}
                return {names[key]: value for key, value in logfmt_pairs(text) if key in names} or None
            case ParseRegex(expression=expression):
                return named_groups(expression, text)


def _json_fields(text: str, paths: Mapping[str, tuple[str, ...]]) -> dict[str, object] | None:
    """Return the fields of a JSON object; None if the text is not a JSON object."""
    try:
        data = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_number)
    except (ValueError, RecursionError):
        return None
    if data is not None and not isinstance(data, dict):
        return None
    return {name: _json_value(_at(data, path)) for name, path in paths.items()}


def _number(text: str) -> float:
    """Return a number as agents read it. Raises ValueError for NaN, Infinity, and numbers that are too large."""
    value = float(text)
    if text.lstrip("-") in ("NaN", "Infinity") or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _at(data: object, path: tuple[str, ...]) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _json_value(value: object) -> object:
    if isinstance(value, dict | list):
        # The order of keys is random in Promtail.
        return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False).translate(_HTML)
    return value


def _plain(value: object) -> object:
    """Return the value with whole numbers as integers, as agents write them."""
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case float() if value.is_integer() and abs(value) < 1e21:
            return int(value)
        case _:
            return value


class DockerLines(Step):
    """Take the line out of the format of Docker's json-file driver."""

    def __init__(self) -> None:
        self._steps: tuple[Step, ...] = (
            Fields(ParseJson({"output": ("log",), "stream": ("stream",), "timestamp": ("time",)}), "docker"),
            Labels(("stream",)),
            Timestamps(Timestamp(field="timestamp", layout="RFC3339Nano")),
            Output("output"),
        )

    def take(self, line: Line) -> Iterable[Line]:
        for step in self._steps:
            step.take(line)
        return (line,)


class Labels(Step):
    """Make labels of fields. A value that is not UTF-8 does not become a label."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields

    def take(self, line: Line) -> Iterable[Line]:
        line.labels.update(_values(line, self._fields))
        return (line,)


class Metadata(Step):
    """Make structured metadata of fields, or of labels, which are then removed."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields

    def take(self, line: Line) -> Iterable[Line]:
        values = _values(line, self._fields)
        for name in self._fields:
            if name not in values and name in line.labels:
                values[name] = line.labels[name]
        line.metadata.update(values)
        for name, value in values.items():
            if line.labels.get(name) == value:
                del line.labels[name]
        return (line,)


def _values(line: Line, names: tuple[str, ...]) -> dict[str, str]:
    texts = {name: line.value(name) for name in names}
    return {name: text for name, text in texts.items() if text is not None and is_utf8(text)}


class Timestamps(Step):
    """Take the timestamp from a field. If it cannot be read: 1 ns after the last timestamp of the same labels."""

    def __init__(self, timestamp: Timestamp) -> None:
        self._timestamp = timestamp
        self._last: dict[frozenset[tuple[str, str]], int] = {}

    def take(self, line: Line) -> Iterable[Line]:
        stream = frozenset(line.labels.items())
        text = line.value(self._timestamp.field)
        try:
            if text is None:
                raise TimestampError
            line.timestamp_ns = parse_timestamp(
                text, self._timestamp.layout, self._timestamp.location, now_ns=line.read_ns
            )
            line.timestamp_from = "field"
        except TimestampError:
            if stream not in self._last:
                line.timestamp_from = "time of reading"
                return (line,)
            line.timestamp_ns = self._last[stream] + 1
            line.timestamp_from = "previous line"
        self._last[stream] = line.timestamp_ns
        return (line,)


class Output(Step):
    """Send a field instead of the line, if the line has the field."""

    def __init__(self, field: str) -> None:
        self._field = field

    def take(self, line: Line) -> Iterable[Line]:
        text = line.value(self._field)
        if text is not None:
            line.text = text
        return (line,)

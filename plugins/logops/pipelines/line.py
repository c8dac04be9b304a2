"""The input and the output of a pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

TimestampFrom = Literal["field", "input", "previous line", "time of reading"]
"""The origin of a timestamp. "previous line" and "time of reading": the field could not be read."""


@dataclass(frozen=True)
class Sample:
    """A line as an agent reads it from the input of a source.

    text           the line; see `logops.pipelines.text`
    read_ns        when the agent reads it, in nanoseconds since 1970
    labels         labels of the input, for example filename; without the fixed labels of the source
    timestamp_ns   timestamp that the input has, for example that of syslog; None: the time of reading
    refused_by     reason why the input does not take the line; "": it takes it
    """

    text: str
    read_ns: int
    labels: Mapping[str, str] = field(default_factory=dict)
    timestamp_ns: int | None = None
    refused_by: str = ""


@dataclass(frozen=True)
class Entry:
    """A log entry that is sent to Loki.

    samples      positions of the samples that it was made of, from 0
    unparsed     formats that the line does not have: "cri", "docker", "json", "logfmt", "regex"
    cut_bytes    bytes that were cut off a line that was too long
    sampled_by   sampling rules that send only a part of such lines
    """

    samples: tuple[int, ...]
    tenant: str
    labels: Mapping[str, str]
    structured_metadata: Mapping[str, str]
    timestamp_ns: int
    timestamp_from: TimestampFrom
    line: str
    unparsed: tuple[str, ...] = ()
    cut_bytes: int = 0
    sampled_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dropped:
    """Samples that are not sent, and the name of the rule that dropped them."""

    samples: tuple[int, ...]
    rule: str
    line: str


RATE_LIMIT = "rate-limit"
"""Name of the rule of lines above the rate limit."""

UNFINISHED = "unfinished-cri-line"
"""Name of the rule of parts of a CRI line whose last part is missing. An agent loses them when it stops."""

EMPTY = "empty-entry"
"""Name of the rule of an entry that is one empty line: the stage `multiline` does not send it."""

NO_SYSLOG = "no-syslog-header"
"""Name of the rule of a syslog message whose header cannot be read. Agents count it, and write a warning."""

EMPTY_MESSAGE = "empty-syslog-message"
"""Name of the rule of a syslog message without a text."""

Outcome = Entry | Dropped


@dataclass
class Line:
    """A line on its way through the stages. `fields`: what was parsed; None is JSON's null or a missing key."""

    samples: tuple[int, ...]
    text: str
    labels: dict[str, str]
    fields: dict[str, object]
    timestamp_ns: int
    timestamp_from: TimestampFrom
    read_ns: int
    metadata: dict[str, str] = field(default_factory=dict)
    unparsed: tuple[str, ...] = ()
    sampled_by: tuple[str, ...] = ()
    tenant: str = ""

    def copy(self) -> "Line":
        return replace(self, labels=dict(self.labels), fields=dict(self.fields), metadata=dict(self.metadata))

    def value(self, name: str) -> str | None:
        """Return a field as text; None if it does not exist or is null."""
        return field_text(self.fields.get(name))

    def drop(self, rule: str) -> Dropped:
        return Dropped(self.samples, rule, self.text)


def field_text(value: object) -> str | None:
    """Return the value of a field as agents write it.

    >>> field_text(200.0), field_text(1e21), field_text(True), field_text(None)
    ('200', '1000000000000000000000', 'true', None)
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            from decimal import Decimal

            return f"{Decimal(repr(value)):f}".removesuffix(".0")
        case _:
            return str(value)

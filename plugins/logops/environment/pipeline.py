"""The steps of an agent before it sends a line: parse, drop, sample, limit, label.

The order is fixed, whatever the order of the keys:

1. container format: CRI or Docker; parts of a long line are joined
2. multiline: following lines are joined to the first line of an entry
3. drop rules about the line
4. parse: JSON, logfmt or a regular expression makes fields
5. drop rules about fields
6. labels, structured metadata, timestamp
7. drop rules about the age
8. sampling, then the rate limit
9. output: one field replaces the line
10. tenant
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from logops.environment.base import Model, Name
from logops.environment.go_time import is_layout
from logops.environment.label_names import IndexLabel, LabelName
from logops.environment.units import Duration, Size


def _regex(expression: str) -> str:
    # RE2 is loaded only for files that have expressions.
    from logops.logql.regexes import RegexError, compiled

    try:
        compiled(expression)
    except RegexError as refused:
        raise PydanticCustomError(
            "regex", "RE2 refuses this regular expression: {reason}. Agents use RE2's syntax", {"reason": str(refused)}
        ) from None
    return expression


Regex = Annotated[str, AfterValidator(_regex), WithJsonSchema({"type": "string", "format": "regex"})]
"""A regular expression in RE2's syntax. It matches anywhere in the text unless it has ^ and $."""

FieldName = Annotated[str, Field(min_length=1)]
"""A field that parsing made, or a label of the source."""


def _go_layout(layout: str) -> str:
    if not is_layout(layout):
        raise PydanticCustomError(
            "layout",
            "this is not a Go layout: write the moment Mon Jan 2 15:04:05 2006 as your lines write it, "
            "for example 2006-01-02 15:04:05.000",
        )
    return layout


class Timestamp(Model):
    """The field that contains the timestamp of a line, and its format.

    If the field is missing or unreadable, the line gets the timestamp of the last line of its stream, plus 1 ns. The
    first line of a stream gets the time at which it was read.
    """

    field: FieldName
    layout: Annotated[str, AfterValidator(_go_layout)] = "RFC3339Nano"
    """Format: a Go layout (`02/Jan/2006:15:04:05 -0700`), or ANSIC, UnixDate, RubyDate, RFC822, RFC822Z, RFC850,
    RFC1123, RFC1123Z, RFC3339, RFC3339Nano, Unix, UnixMs, UnixUs or UnixNs."""
    location: str | None = None
    """Time zone of timestamps that have none, for example Europe/Berlin. Null: UTC."""

    @model_validator(mode="after")
    def _location_exists(self) -> "Timestamp":
        from zoneinfo import available_timezones

        if self.location is not None and self.location not in available_timezones():
            raise ValueError(f"location: {self.location!r} is not a time zone: use a name as Europe/Berlin, or UTC")
        return self


class DropRule(Model):
    """Lines that are not sent. If a rule has several conditions, all of them must be true."""

    name: Name
    """Reason of the drop: agents count dropped lines by it."""
    expression: Regex | None = None
    """Matches the line; with `field`, the value of the field."""
    field: FieldName | None = None
    value: str | None = None
    """The value that `field` must have."""
    older_than: Duration | None = None
    """Age of the line's timestamp when the agent reads it."""
    longer_than: Size | None = None
    """Length of the line."""

    @model_validator(mode="after")
    def _has_a_condition(self) -> "DropRule":
        if self.field is not None and (self.value is None) == (self.expression is None):
            raise ValueError("field: name what to compare it with, by exactly one of: value, expression")
        if self.field is None and self.value is not None:
            raise ValueError("value: name the field that has this value with `field`")
        if self.expression is None and self.field is None and self.older_than is None and self.longer_than is None:
            raise ValueError("a drop rule needs a condition: expression, field with value, older_than or longer_than")
        return self


def _named_rules(rules: Any) -> Any:
    """Return the rules with names. A rule may be written as its expression alone: its name is its position."""
    if not isinstance(rules, list | tuple):
        return rules
    return [
        {"name": f"drop-{position}", "expression": rule} if isinstance(rule, str) else rule
        for position, rule in enumerate(rules, start=1)
    ]


class SamplingRule(Model):
    """Lines of which only a part is sent, chosen at random. A rule without conditions applies to every line."""

    name: Name
    """Reason of the drop: agents count dropped lines by it."""
    keep: Annotated[float, Field(gt=0, lt=1)]
    """Part of the lines that is sent: 0.1 is one line in ten."""
    labels: dict[LabelName, str] = Field(default_factory=dict)
    """Labels that a line must have: `{level: debug}`."""
    expression: Regex | None = None
    """Matches the line."""


class RateLimit(Model):
    """The most lines per second that an agent sends of a source. Lines above the limit are dropped, and counted."""

    lines_per_second: Annotated[float, Field(gt=0)]
    burst: Annotated[int, Field(ge=1)]
    """Lines that may arrive at once."""
    by_label: LabelName | None = None
    """Count each value of this label separately, so that one noisy pod does not cost others their lines."""


class Parse(Model):
    """Settings for parsing a line, and for what is sent of it."""

    container_format: Literal["cri", "docker"] | None = None
    """How the container runtime wraps each line: cri for containerd and CRI-O, docker for Docker's json-file driver.
    The format below then applies to the line inside. Sources of kind pods have cri by default."""
    format: Literal["json", "logfmt", "regex", "cri", "docker", "none"] = "none"
    """Format of the line. cri and docker mean the same as container_format, for a line that is not parsed further."""
    expression: Regex | None = None
    """Required if format is regex: an RE2 expression with named groups."""
    fields: dict[LabelName, str] = Field(default_factory=dict)
    """Fields of JSON or logfmt by name: `{trace_id: traceId, status: http.status}`. A dot enters an object; a key with
    dots is written in quotes: '"http.status"'. Empty: each field that is used below has the name of its key."""
    timestamp: Timestamp | None = None
    labels: tuple[IndexLabel, ...] = ()
    """Fields that become labels. Use only fields with few values: every combination of values is a stream."""
    structured_metadata: tuple[LabelName, ...] = ()
    """Fields that become structured metadata: trace_id, span_id and other fields with many values."""
    output: FieldName | None = None
    """Field that replaces the line. Null: the line is sent as it is."""
    multiline_first_line: Regex | None = None
    """RE2 expression that matches the first line of a log entry; the following lines are joined to it."""
    multiline_max_lines: Annotated[int, Field(ge=2)] = 128
    """Lines after which an entry is sent, even if it has not ended."""
    multiline_max_wait: Duration = Duration("3s")
    """Time without a new line after which an entry is sent."""
    drop: Annotated[
        tuple[DropRule, ...], BeforeValidator(_named_rules, json_schema_input_type=tuple[str | DropRule, ...])
    ] = ()
    """Lines that are not sent. A text is an RE2 expression that matches the line."""
    sample: tuple[SamplingRule, ...] = ()
    rate_limit: RateLimit | None = None

    @model_validator(mode="after")
    def _fields_need_a_format(self) -> "Parse":
        if (self.format == "regex") != (self.expression is not None):
            raise ValueError("expression: format regex requires an expression, the other formats do not accept one")
        if self.fields and self.format not in ("json", "logfmt"):
            raise ValueError("fields: only formats json and logfmt have fields; the groups of a regex have names")
        if self.container_format and self.format in ("cri", "docker"):
            raise ValueError("format: container_format is set as well; use format for the format of the line inside")
        if self.format == "none" and not self.container_format and self._uses_fields:
            raise ValueError("format: none parses no fields, but labels, structured_metadata and timestamp need fields")
        return self

    @property
    def _uses_fields(self) -> bool:
        return bool(self.labels or self.structured_metadata or self.timestamp or self.output)

    @property
    def container(self) -> Literal["cri", "docker"] | None:
        """Return how the container runtime wraps each line."""
        if self.format == "cri" or self.format == "docker":
            return self.format
        return self.container_format

    @property
    def used_fields(self) -> tuple[str, ...]:
        """Return the fields that labels, rules and the timestamp use, sorted."""
        return tuple(
            sorted(
                {
                    *self.labels,
                    *self.structured_metadata,
                    *([self.timestamp.field] if self.timestamp else []),
                    *([self.output] if self.output else []),
                    *(rule.field for rule in self.drop if rule.field),
                }
            )
        )

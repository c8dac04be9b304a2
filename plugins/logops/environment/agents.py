"""Agents and the log sources that they ship."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name, SecretRef
from logops.environment.cluster import Resources, TenantId
from logops.environment.units import Duration, Size

LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class Timestamp(Model):
    """The field that contains the timestamp of a line, and its format."""

    field: str
    layout: str = "RFC3339Nano"
    """Format: a Go layout, or RFC3339, RFC3339Nano, RFC1123, Unix, UnixMs or UnixNs."""


class Parse(Model):
    """Settings for parsing a line."""

    format: Literal["json", "regex", "cri", "docker", "none"] = "none"
    expression: str | None = None
    """Required if format is regex: an RE2 expression with named groups."""
    timestamp: Timestamp | None = None
    labels: tuple[LabelName, ...] = ()
    """Fields that become labels. Use only fields with few values: every combination of values is a stream."""
    structured_metadata: tuple[LabelName, ...] = ()
    """Fields that become structured metadata: trace_id, span_id and other fields with many values."""
    multiline_first_line: str | None = None
    """RE2 expression that matches the first line of a log entry; the following lines are joined to it."""
    drop: tuple[str, ...] = ()
    """RE2 expressions: a line that matches one of them is dropped."""

    @model_validator(mode="after")
    def _fields_need_a_format(self) -> "Parse":
        if (self.format == "regex") != (self.expression is not None):
            raise ValueError("expression: format regex requires an expression, the other formats do not accept one")
        if self.format == "none" and (self.labels or self.structured_metadata or self.timestamp):
            raise ValueError("format: none parses no fields, but labels, structured_metadata and timestamp need fields")
        return self


class _Source(Model):
    cluster: Name
    tenant: TenantId
    labels: dict[LabelName, str]
    parse: Parse = Parse()
    expect_every: Duration = Duration("15m")
    """Longest expected time without a line. A source that is silent for longer is reported."""


class FileSource(_Source):
    """Files that an agent tails. Relative paths start at the local platform's state folder."""

    kind: Literal["file"]
    paths: Annotated[tuple[str, ...], Field(min_length=1)]


class SyslogSource(_Source):
    """Syslog (RFC 5424) over TCP. If no port is set, the local platform chooses one from its range."""

    kind: Literal["syslog"]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class JournalSource(_Source):
    """The journal of systemd."""

    kind: Literal["journal"]
    path: str = "/var/log/journal"


class PodSource(_Source):
    """The output of containers on every Kubernetes node."""

    kind: Literal["pods"]
    namespaces: tuple[str, ...] = ()
    """Namespaces whose pods are shipped; empty: all namespaces."""


class EventHubSource(_Source):
    """Azure resource logs, received through Event Hubs."""

    kind: Literal["event-hub"]
    namespace: str
    event_hub: str
    connection_string: SecretRef


Source = Annotated[FileSource | SyslogSource | JournalSource | PodSource | EventHubSource, Field(discriminator="kind")]


class Agent(Model):
    """A program that ships log sources to their clusters."""

    kind: Literal["promtail", "alloy", "fluent-bit"]
    placement: Literal["every-node", "deployment"] = "every-node"
    sources: Annotated[tuple[Name, ...], Field(min_length=1)]
    batch_wait: Duration = Duration("1s")
    batch_size: Size = Size("1MiB")
    backoff_min: Duration = Duration("500ms")
    backoff_max: Duration = Duration("5m")
    backoff_retries: Annotated[int, Field(ge=1)] = 10
    resources: Resources = Resources()

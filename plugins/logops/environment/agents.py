"""Agents, and the sources that are expected to log through them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name, SecretRef
from logops.environment.cluster import Resources, TenantId
from logops.environment.units import Duration, Size

LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class Timestamp(Model):
    """Where a line says when it was written."""

    field: str
    layout: str = "RFC3339Nano"
    """A Go layout, or one of RFC3339, RFC3339Nano, RFC1123, Unix, UnixMs, UnixNs."""


class Parse(Model):
    """What the agent reads out of a line."""

    format: Literal["json", "regex", "cri", "docker", "none"] = "none"
    expression: str | None = None
    """For regex: an RE2 expression with named groups."""
    timestamp: Timestamp | None = None
    labels: tuple[LabelName, ...] = ()
    """Fields that become labels. Few values each: every combination is a stream."""
    structured_metadata: tuple[LabelName, ...] = ()
    """Fields that are kept beside the line: trace_id, span_id and whatever has many values."""
    multiline_first_line: str | None = None
    drop: tuple[str, ...] = ()
    """Lines that match one of these RE2 expressions are dropped."""

    @model_validator(mode="after")
    def _fields_come_from_somewhere(self) -> "Parse":
        if (self.format == "regex") != (self.expression is not None):
            raise ValueError("expression: belongs to format regex, which needs one")
        if self.format == "none" and (self.labels or self.structured_metadata or self.timestamp):
            raise ValueError("format: none reads no fields, and labels, structured_metadata and timestamp are fields")
        return self


class _Source(Model):
    cluster: Name
    tenant: TenantId
    labels: dict[LabelName, str]
    parse: Parse = Parse()
    expect_every: Duration = Duration("15m")
    """A source silent for longer is missed."""


class FileSource(_Source):
    """Files that are tailed. A relative path is taken from the local platform's state folder."""

    kind: Literal["file"]
    paths: Annotated[tuple[str, ...], Field(min_length=1)]


class SyslogSource(_Source):
    """RFC 5424 over TCP. The local platform takes the port from its own range where none is set."""

    kind: Literal["syslog"]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class JournalSource(_Source):
    """systemd's journal."""

    kind: Literal["journal"]
    path: str = "/var/log/journal"


class PodSource(_Source):
    """Containers' output on every node."""

    kind: Literal["pods"]
    namespaces: tuple[str, ...] = ()
    """Empty: all."""


class EventHubSource(_Source):
    """Azure resource logs that arrive through Event Hubs."""

    kind: Literal["event-hub"]
    namespace: str
    event_hub: str
    connection_string: SecretRef


Source = Annotated[FileSource | SyslogSource | JournalSource | PodSource | EventHubSource, Field(discriminator="kind")]


class Agent(Model):
    """A program that ships sources to their clusters."""

    kind: Literal["promtail", "alloy", "fluent-bit"]
    placement: Literal["every-node", "deployment"] = "every-node"
    sources: Annotated[tuple[Name, ...], Field(min_length=1)]
    batch_wait: Duration = Duration("1s")
    batch_size: Size = Size("1MiB")
    backoff_min: Duration = Duration("500ms")
    backoff_max: Duration = Duration("5m")
    backoff_retries: Annotated[int, Field(ge=1)] = 10
    resources: Resources = Resources()

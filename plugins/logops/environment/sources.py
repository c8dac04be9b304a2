"""Log sources: the origin of lines, their cluster and tenant, and their owner."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name, SecretRef
from logops.environment.label_names import LabelName
from logops.environment.pipeline import FieldName, Parse
from logops.environment.quality import Expect
from logops.environment.tenant import TenantId
from logops.environment.units import Duration


class TenantFrom(Model):
    """A field that names the tenant of each line.

    A value that is not allowed does not choose a tenant: the line goes to the tenant of the source. Otherwise whoever
    writes a line could write into every tenant.
    """

    field: FieldName
    allowed: Annotated[tuple[TenantId, ...], Field(min_length=1)]


UNDECLARED_SILENCE = Duration("15m")


class _Source(Model):
    cluster: Name
    tenant: TenantId
    tenant_from: TenantFrom | None = None
    owner: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Team that owns the source. Findings and alerts name it."""
    labels: dict[LabelName, Annotated[str, Field(min_length=1, max_length=2048)]]
    parse: Parse = Parse()
    expect_every: Duration | None = None
    """Longest expected time without a line. A source that is silent for longer is reported. Null: learned from the
    source's own pauses, which takes 29 days; until then 15m."""
    expect: Expect = Expect()
    """Expectations of the lines of this source."""

    @property
    def longest_silence(self) -> Duration:
        """Return the longest expected time without a line, as far as it is declared."""
        return self.expect_every or UNDECLARED_SILENCE

    @property
    def container(self) -> Literal["cri", "docker"] | None:
        """Return how the container runtime wraps each line; None: it does not."""
        return self.parse.container

    @property
    def input_labels(self) -> tuple[str, ...]:
        """Return the labels that come from the input itself, apart from the fixed labels."""
        return ()

    @property
    def varying_labels(self) -> tuple[str, ...]:
        """Return the labels whose value depends on the line, sorted."""
        return tuple(sorted({*self.input_labels, *(["stream"] if self.container else []), *self.parse.labels}))

    @property
    def tenants(self) -> tuple[str, ...]:
        """Return the tenants that can get lines of the source; the first one is that of lines that name no tenant."""
        return (self.tenant, *(self.tenant_from.allowed if self.tenant_from else ()))


class FileSource(_Source):
    """Files that an agent tails. Relative paths start at the local platform's state folder."""

    kind: Literal["file"]
    paths: Annotated[tuple[str, ...], Field(min_length=1)]
    exclude: tuple[str, ...] = ()
    """Globs of files that are not read although `paths` has them."""
    ignore_older: Duration | None = None
    """Files that nobody has written to for this long are not read. Promtail cannot do this."""

    @property
    def input_labels(self) -> tuple[str, ...]:
        return ("filename",)


class ServerTls(Model):
    """TLS of a port that an agent listens on. Files on the machine of the agent."""

    cert_file: str
    key_file: str
    client_ca_file: str | None = None
    """Certificate authority of clients. If it is set, a client without a certificate is refused."""


class SyslogSource(_Source):
    """Syslog over TCP or UDP. If no port is set, the local platform chooses one from its range."""

    kind: Literal["syslog"]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    """UDP loses messages when a buffer is full; use TCP where the sender can."""
    message_format: Literal["rfc5424", "rfc3164"] = "rfc5424"
    """RFC 5424 is the modern format; RFC 3164 is the BSD format, which has no year and no time zone."""
    tls: ServerTls | None = None

    @model_validator(mode="after")
    def _tls_needs_tcp(self) -> "SyslogSource":
        if self.tls and self.protocol == "udp":
            raise ValueError("tls: syslog over UDP has no TLS. Set protocol: tcp, or remove tls")
        return self

    @property
    def input_labels(self) -> tuple[str, ...]:
        return ("app", "host")


class JournalSource(_Source):
    """The journal of systemd."""

    kind: Literal["journal"]
    path: str = "/var/log/journal"
    units: tuple[str, ...] = ()
    """Units whose lines are shipped: `[kubelet.service]`; empty: all units."""
    max_age: Duration = Duration("7h")
    """Older lines are not read when the agent starts for the first time."""

    @property
    def input_labels(self) -> tuple[str, ...]:
        return ("host", "unit")


class PodSource(_Source):
    """The output of containers on every Kubernetes node."""

    kind: Literal["pods"]
    namespaces: tuple[str, ...] = ()
    """Namespaces whose pods are shipped; empty: all namespaces."""
    pod_labels: dict[LabelName, str] = Field(default_factory=lambda: {"app": "app.kubernetes.io/name"})
    """Labels of pods that become labels: our name -> Kubernetes' name. Use only labels with few values."""
    select: dict[LabelName, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Pods that are shipped, by container or by a label of `pod_labels`: `{container: [shop], app: [cart, api]}`. Each
    label must have one of its values; empty: all pods. Fluent Bit cannot do this."""
    ignore_older: Duration | None = None
    """Files that nobody has written to for this long are not read. Promtail cannot do this."""

    @model_validator(mode="after")
    def _selects_by_known_labels(self) -> "PodSource":
        known = ("container", *self.pod_labels)
        if unknown := next((label for label in self.select if label not in known), None):
            raise ValueError(f"select: {unknown} is no label of the pods. Choose one of: {', '.join(known)}")
        return self

    @property
    def container(self) -> Literal["cri", "docker"]:
        return self.parse.container or "cri"

    @property
    def input_labels(self) -> tuple[str, ...]:
        """Return the labels of a pod's lines. `pod` is structured metadata: every rollout gives pods new names."""
        return ("container", "filename", "namespace", *sorted(self.pod_labels))


class EventHubSource(_Source):
    """Azure resource logs, received through Event Hubs."""

    kind: Literal["event-hub"]
    namespace: str
    event_hub: str
    connection_string: SecretRef
    consumer_group: str = "logops"
    """Consumer group. Two readers with the same group share the lines; each group has its own position."""


Source = Annotated[FileSource | SyslogSource | JournalSource | PodSource | EventHubSource, Field(discriminator="kind")]

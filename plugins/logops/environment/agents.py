"""Agents: the programs that ship log sources to their clusters."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import BasicAuth, Model, Name, SecretRef
from logops.environment.cluster import Resources
from logops.environment.label_names import LabelName
from logops.environment.units import Duration, Size


class ClientTls(Model):
    """TLS of the connection to Loki. Files on the machine of the agent. The server's certificate is always checked."""

    ca_file: str | None = None
    """Certificate authority of the server. Null: those of the operating system."""
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    """Name in the server's certificate, if it is not the host of the URL."""

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> "ClientTls":
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file: set both, or neither")
        return self


class Buffer(Model):
    """Lines that wait while Loki cannot be reached.

    Agents read files and the journal again from a stored position, so those lines need no buffer. Lines that arrive by
    network (syslog) wait in memory, and are lost with the process, unless the agent has a buffer on disk.
    """

    memory: Size | None = None
    disk: Size | None = None

    @model_validator(mode="after")
    def _has_a_size(self) -> "Buffer":
        if self.memory is None and self.disk is None:
            raise ValueError("set memory, disk, or both")
        return self


class Archive(Model):
    """A container that gets raw lines, outside of Loki."""

    storage_account: Name
    container: Name
    prefix: str = "logs/%Y/%m/%d"
    """Folder in the container, with strftime's letters for the day."""
    sas_token: SecretRef | None = None
    """Shared access signature of the container, with the rights to create and write. Required for an account without a
    key: Fluent Bit cannot log in with a managed identity."""


class Agent(Model):
    """A program that ships log sources to their clusters."""

    kind: Literal["promtail", "alloy", "fluent-bit"]
    placement: Literal["every-node", "deployment"] = "every-node"
    sources: Annotated[tuple[Name, ...], Field(min_length=1)]
    metrics_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] | None = None
    """On Kubernetes: a headless service of the agent's pods with the port of their metrics, such as
    http://alloy-nodes.monitoring.svc:12345. Its name resolves to every pod. Null: a quality run does not read this
    agent, and says so. Local agents need none."""
    labels: dict[LabelName, Annotated[str, Field(min_length=1, max_length=2048)]] = Field(default_factory=dict)
    """Fixed labels of every line of this agent, for example region."""
    batch_wait: Duration = Duration("1s")
    batch_size: Size = Size("1MiB")
    backoff_min: Duration = Duration("500ms")
    backoff_max: Duration = Duration("5m")
    backoff_retries: Annotated[int, Field(ge=1)] = 10
    """Attempts to send a batch. After the last one, its lines are lost, and counted as dropped."""
    timeout: Duration = Duration("10s")
    """Longest time for one request."""
    max_line_size: Size | None = None
    """Longer lines are cut to this size, and counted. Null: Loki's limit decides (max_line_size of the cluster)."""
    tls: ClientTls | None = None
    """TLS settings of the connection to Loki, in addition to those of the operating system."""
    basic_auth: BasicAuth | None = None
    """User and password of the gateway in front of Loki."""
    bearer_token: SecretRef | None = None
    buffer: Buffer | None = None
    """Only fluent-bit has a buffer with a size."""
    redact_secrets: bool = False
    """Replace secrets in lines by a mark before they leave the machine. Only alloy can do this."""
    archive: Archive | None = None
    """Write raw lines to a storage account instead of to Loki. Only fluent-bit can do this."""
    resources: Resources = Resources()

    @model_validator(mode="after")
    def _has_one_login(self) -> "Agent":
        if self.basic_auth and self.bearer_token:
            raise ValueError("bearer_token: set basic_auth or bearer_token, not both")
        return self

    @model_validator(mode="after")
    def _kind_can_do_it(self) -> "Agent":
        if self.buffer and self.kind != "fluent-bit":
            raise ValueError(f"buffer: {self.kind} has no buffer with a size. Remove buffer, or use kind: fluent-bit")
        if self.archive and self.kind != "fluent-bit":
            raise ValueError(f"archive: {self.kind} cannot write to a storage account. Use kind: fluent-bit")
        if self.redact_secrets and self.kind != "alloy":
            raise ValueError(f"redact_secrets: {self.kind} cannot find secrets in lines. Use kind: alloy")
        return self

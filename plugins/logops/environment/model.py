"""The model of an environment file: the desired state of everything that logops deploys."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from logops.environment.agents import Agent
from logops.environment.alerts import Alerts
from logops.environment.audit import Audit
from logops.environment.base import Model, Name
from logops.environment.benchmark import Benchmark
from logops.environment.cluster import Cluster
from logops.environment.kubernetes import KubernetesPlatform
from logops.environment.page import Page
from logops.environment.quality import Quality
from logops.environment.sources import Source
from logops.environment.storage import StorageAccounts
from logops.environment.units import Duration


class LocalPlatform(Model):
    """Processes on this machine, run by supervisord, with Azurite as storage."""

    kind: Literal["local"]
    base_port: Annotated[int, Field(ge=1024, le=65000)]
    """First of the 100 ports that this environment uses on 127.0.0.1. Two environments on one machine need
    different ports."""


Platform = Annotated[LocalPlatform | KubernetesPlatform, Field(discriminator="kind")]


class ApprovalPolicy(Model):
    """Who must approve a rollout before it changes anything."""

    required: bool = True
    approvers: tuple[str, ...] = ()
    """User ids that may approve, in Airflow and at the terminal. Empty: everybody who can start a rollout."""
    terminal_users: dict[str, str] = Field(default_factory=dict)
    """Operating system user -> user id, for `logops up`. Other users have their user name as id."""
    timeout: Duration = Duration("24h")
    """How long Airflow waits for an answer. Without an answer, the plan is rejected."""


class Environment(Model):
    """One environment file: `include/environments/NAME.yaml`."""

    name: Name
    description: str = ""
    platform: Platform
    approval: ApprovalPolicy = ApprovalPolicy()
    results: str
    """Store of findings and results, as an fsspec URL (`abfs://...`). A relative path starts at the local platform's
    state folder."""
    audit: Audit = Audit()
    benchmark: Benchmark = Benchmark()
    quality: Quality = Quality()
    alerts: Alerts = Alerts()
    page: Page = Page()
    prices: Name | None = None
    """Name of a file in include/prices with storage prices. Null: `logops audit cost` cannot calculate costs."""
    storage_accounts: Annotated[StorageAccounts, Field(min_length=1)]
    clusters: Annotated[dict[Name, Cluster], Field(min_length=1)]
    sources: dict[Name, Source] = Field(default_factory=dict)
    agents: dict[Name, Agent] = Field(default_factory=dict)

    @field_validator("results")
    @classmethod
    def _no_credential(cls, url: str) -> str:
        if re.search(r"://[^/]*:[^/]*@|\?", url):
            raise PydanticCustomError("secret", "the URL must not contain a password or a token (?...)")
        return url

    @model_validator(mode="after")
    def _rulers_need_no_login(self) -> "Environment":
        for name, cluster in self.clusters.items():
            declared = self.alerts.security if cluster.data == "security" else self.alerts.standard
            if (declared.basic_auth or declared.bearer_token) and cluster.ruler.alertmanager_url is None:
                raise ValueError(
                    f"clusters.{name}.ruler.alertmanager_url: the rulers of Loki do not log in to the Alertmanagers of "
                    f"alerts.{cluster.data}. Name an address that asks them for no login"
                )
        return self

    @model_validator(mode="after")
    def _only_local_skips_approval(self) -> "Environment":
        if self.platform.kind == "kubernetes" and not self.approval.required:
            raise ValueError("approval.required: only a local environment may roll out without approval")
        return self

    @model_validator(mode="after")
    def _chunks_have_no_versions(self) -> "Environment":
        for name, cluster in self.clusters.items():
            account = self.storage_accounts.get(cluster.storage_account)
            if account and account.versioning:
                raise ValueError(
                    f"storage_accounts.{cluster.storage_account}.versioning: cluster {name} stores chunks there, and "
                    "Azure would keep every chunk that Loki deletes. Use another account for what needs versions"
                )
        return self

    @model_validator(mode="after")
    def _security_has_namespaces_of_its_own(self) -> "Environment":
        if self.platform.kind == "kubernetes":
            standard = {self.namespace(name) for name, cluster in self.clusters.items() if cluster.data == "standard"}
            for name, cluster in self.clusters.items():
                if cluster.data == "security" and self.namespace(name) in {*standard, self.platform.namespace}:
                    raise ValueError(
                        f"clusters.{name}.namespace: {self.namespace(name)} has other programs too. "
                        "A security cluster needs a namespace of its own, for example security-logs"
                    )
        return self

    @model_validator(mode="after")
    def _local_has_no_keys_of_kubernetes(self) -> "Environment":
        if self.platform.kind == "local":
            keys = [
                *((f"clusters.{name}.namespace", cluster.namespace) for name, cluster in self.clusters.items()),
                *((f"clusters.{name}.gateway", cluster.gateway) for name, cluster in self.clusters.items()),
            ]
            for path, value in keys:
                if value is not None:
                    raise ValueError(f"{path}: only for platform.kind: kubernetes, and this is local. Remove it")
        return self

    @model_validator(mode="after")
    def _local_memcached_has_an_address(self) -> "Environment":
        if self.platform.kind == "local":
            for name, cluster in self.clusters.items():
                for cache in ("results", "chunks"):
                    declared = getattr(cluster.caches, cache)
                    if declared and declared.kind == "memcached" and not declared.addresses:
                        raise ValueError(
                            f"clusters.{name}.caches.{cache}.addresses: the local platform runs no Memcached. "
                            "Name one, or use kind: embedded"
                        )
        return self

    def namespace(self, cluster: str) -> str:
        """Return the Kubernetes namespace of a cluster."""
        declared = self.clusters[cluster]
        platform = self.platform.namespace if self.platform.kind == "kubernetes" else "default"
        return declared.namespace or (platform if declared.data == "standard" else f"{platform}-security")

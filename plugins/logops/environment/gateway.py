"""The gateway on Kubernetes: the address that people and agents connect to, and who may log in."""

from typing import Annotated, Literal

from pydantic import Field

from logops.environment.base import Model, SecretRef
from logops.environment.tenant import TenantName

UserName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]


class GatewayUser(Model):
    """Who logs in to the gateway, such as Grafana, an agent or a person."""

    password: SecretRef
    """Random text: `openssl rand -hex 32`."""
    tenants: Annotated[tuple[TenantName, ...], Field(min_length=1)]
    """One tenant: all requests are for it. Several: each request chooses one of these with X-Scope-OrgID."""
    access: Annotated[tuple[Literal["read", "write"], ...], Field(min_length=1)] = ("read",)
    """`read`: query and follow logs, see rules and their alerts. `write`: send logs."""


class NginxGateway(Model):
    """The nginx gateway on Kubernetes: the address that users connect to."""

    host: str
    tls_secret_name: str
    """Kubernetes secret of type kubernetes.io/tls, in the namespace of the cluster."""
    ingress_class: str = "nginx"
    users: Annotated[dict[UserName, GatewayUser], Field(min_length=1)]
    """Everybody else is refused."""

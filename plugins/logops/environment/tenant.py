"""Names of tenants."""

from typing import Annotated

from pydantic import AfterValidator, Field

TenantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]{0,149}$")]
"""The X-Scope-OrgID values that Loki accepts for one tenant, without a leading dot (dskit/tenant/tenant.go)."""


def _is_not_reserved(tenant: str) -> str:
    if tenant in ("index", "__deletion_manifest__"):
        raise ValueError(
            f"Loki stores its own objects under {tenant}/, so a tenant cannot have this name. Choose another"
        )
    return tenant


TenantName = Annotated[TenantId, AfterValidator(_is_not_reserved)]
"""A tenant that can have chunks: they are stored in the container under its name."""

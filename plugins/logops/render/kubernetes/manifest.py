"""Objects of Kubernetes that no chart makes."""

from collections.abc import Mapping
from typing import Any


def manifest(
    api_version: str,
    kind: str,
    name: str,
    namespace: str,
    content: Mapping[str, Any],
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return an object with the label by which logops finds what it made."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "logops", **(labels or {})},
        },
        **content,
    }

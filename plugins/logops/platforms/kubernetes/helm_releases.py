"""Helm's releases, read as Helm stores them: a Secret for each revision, in the namespace of the release.

Its label `status` has the state, and its key `release` is the release as JSON, packed with gzip (helm.sh, "Advanced
Helm Techniques", "Storage backends"). Helm itself takes ten times as long: it also reads every object of the release.
"""

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.plan.objects import Object
from logops.render.kubernetes import Release

PENDING = ("pending-install", "pending-upgrade", "pending-rollback")


@dataclass(frozen=True)
class InstalledRelease:
    """A release in the cluster."""

    name: str
    namespace: str
    revision: int
    status: str
    """`deployed`, `failed`, `pending-upgrade`, ..."""
    chart: str
    """Name of the chart."""
    version: str
    """Version of the chart."""
    values: Mapping[str, Any] = field(default_factory=dict)
    objects: tuple[Object, ...] = ()


def installed_release(api: Api, name: str, namespace: str) -> InstalledRelease | None:
    """Return the newest revision of a release; None if there is none."""
    # A revision that another one has replaced is never the newest.
    stored = api.items("v1", "Secret", namespace, f"owner=helm,name={name},status!=superseded")
    if not stored:
        return None
    newest = max(stored, key=lambda secret: int(secret["metadata"]["labels"]["version"]))
    release = json.loads(gzip.decompress(b64decode(b64decode(newest["data"]["release"]))))
    chart = release["chart"]["metadata"]
    return InstalledRelease(
        name,
        namespace,
        int(release["version"]),
        release["info"]["status"],
        chart["name"],
        chart["version"],
        release.get("config") or {},
        tuple(objects_of(release.get("manifest") or "")),
    )


def is_as_wanted(installed: InstalledRelease, release: Release) -> bool:
    """Return whether a release was deployed with the wanted chart and values."""
    values = json.loads(json.dumps(yaml.safe_load(release.values) or {}))
    return (
        installed.status == "deployed"
        and (installed.chart, installed.version) == (release.chart_name, release.version)
        and installed.values == values
    )


def objects_of(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a manifest. A list of objects becomes its items."""
    for document in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if document:
            yield from document["items"] if str(document.get("kind")).endswith("List") else [document]

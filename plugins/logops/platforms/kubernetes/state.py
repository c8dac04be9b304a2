"""The objects in a cluster that the files of a stage lead to."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from logops.environment.base import SecretRef
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.platform import PlatformError
from logops.render.kubernetes import Release, releases, secret_sources

MANAGER = "logops"
"""The name with which logops owns the fields of objects that no chart makes."""


@dataclass(frozen=True)
class StageObjects:
    """What a stage is made of in a cluster."""

    releases: tuple[Release, ...]
    objects: tuple[Object, ...]
    """Objects that no chart makes, secrets first. Each names its namespace."""


def stage_objects(files: Mapping[str, str]) -> StageObjects:
    """Return what the files of a stage lead to. Raises PlatformError if a secret is not known here."""
    return _stage_objects(files, _secret)


def unread_stage_objects(files: Mapping[str, str]) -> StageObjects:
    """Return what the files of a stage lead to, with empty secrets: for the names of objects."""
    return _stage_objects(files, lambda _: "")


def namespaces(wanted: StageObjects) -> set[str]:
    """Return the namespaces that a stage needs."""
    names = {release.namespace for release in wanted.releases}
    return names | {str(manifest["metadata"]["namespace"]) for manifest in wanted.objects}


def _stage_objects(files: Mapping[str, str], read: Callable[[SecretRef], str]) -> StageObjects:
    secrets = [source.manifest(read) for source in secret_sources(files)]
    manifests = [yaml.safe_load(text) for name, text in files.items() if "/manifests/" in name]
    return StageObjects(tuple(releases(files)), (*secrets, *manifests))


def _secret(reference: SecretRef) -> str:
    value = os.environ.get(reference.variable)
    if not value:
        raise PlatformError(f"reading {reference}: it is not known here. Set the variable {reference.variable}.")
    return value

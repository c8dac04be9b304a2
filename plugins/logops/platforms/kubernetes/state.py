"""The objects in a cluster that the files of a stage lead to."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from logops.environment.base import SecretRef
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.platform import PlatformError
from logops.render.kubernetes import Release, SecretSource, releases, secret_sources


@dataclass(frozen=True)
class StageObjects:
    """What a stage is made of in a cluster."""

    releases: tuple[Release, ...]
    objects: tuple[Object, ...]
    """Objects that no chart makes, secrets first. Each names its namespace."""


def stage_objects(files: Mapping[str, str]) -> StageObjects:
    """Return what the files of a stage lead to. Raises PlatformError if a secret is not known here."""
    for source in secret_sources(files):
        for reference in missing_secrets(source):
            raise PlatformError(
                f"reading the secret {source.namespace}/{source.name}: {reference} is not known here. Nothing was "
                f"changed. {reference.how_to_set} Then roll out again."
            )
    return known_stage_objects(files)


def known_stage_objects(files: Mapping[str, str]) -> StageObjects:
    """Return what the files of a stage lead to, without the Secrets of which a value is not known here."""
    known = [source for source in secret_sources(files) if not missing_secrets(source)]
    return _stage_objects(files, [source.manifest(lambda secret: os.environ[secret.variable]) for source in known])


def unread_stage_objects(files: Mapping[str, str]) -> StageObjects:
    """Return what the files of a stage lead to, with empty secrets: for the names of objects."""
    return _stage_objects(files, [source.manifest(lambda _: "") for source in secret_sources(files)])


def missing_secrets(source: SecretSource) -> list[SecretRef]:
    """Return the secrets of a Kubernetes Secret that are not known here."""
    references = (*source.values.values(), *source.users.values())
    return [reference for reference in references if not os.environ.get(reference.variable)]


def namespaces(wanted: StageObjects) -> set[str]:
    """Return the namespaces that a stage needs."""
    names = {release.namespace for release in wanted.releases}
    return names | {str(manifest["metadata"]["namespace"]) for manifest in wanted.objects}


def _stage_objects(files: Mapping[str, str], secrets: Sequence[Object]) -> StageObjects:
    manifests = [yaml.safe_load(text) for name, text in files.items() if "/manifests/" in name]
    return StageObjects(tuple(releases(files)), (*secrets, *manifests))

"""The applied states of each stage, in the cluster: a ConfigMap for each. They are added, and never changed or removed.

The files name secrets and contain none, so a ConfigMap may hold them.
"""

import gzip
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.owners import LOGOPS
from logops.platforms.platform import Revision
from logops.render import Files, Stage
from logops.render.kubernetes.manifest import manifest

_KIND = ("v1", "ConfigMap")
_FILES = "files.json.gz"
_APPLIED = "logops/applied"
"""Annotation of a revision that was applied to its end."""


class ClusterRevisions:
    """The revisions in a namespace of a cluster."""

    def __init__(self, api: Api, namespace: str, environment: str) -> None:
        self._api = api
        self._namespace = namespace
        self._environment = environment

    def all(self, stage: Stage) -> list[Revision]:
        """Return the revisions of a stage, oldest first."""
        return sorted(map(_revision, self._objects(stage)), key=lambda revision: revision.number)

    def files(self, revision: Revision) -> Files:
        """Return the stage's files at a revision."""
        stored = self._api.read(*_KIND, self._name(revision.stage, revision.number), self._namespace)
        return _files(stored) if stored else Files({})

    def add(self, stage: Stage, files: Files, owner: str, at: datetime) -> Revision:
        """Store files as the newest revision. It counts as applied when `finish` was called."""
        before = self.all(stage)
        revision = Revision(stage, before[-1].number + 1 if before else 1, files.digest, owner, at)
        stored = manifest(
            *_KIND,
            self._name(stage, revision.number),
            self._namespace,
            # Without the time in the archive, equal files have equal bytes.
            {"binaryData": {_FILES: b64encode(gzip.compress(json.dumps(dict(files)).encode(), mtime=0)).decode()}},
            self._labels(stage),
        )
        stored["metadata"]["annotations"] = {
            "logops/number": str(revision.number),
            "logops/digest": revision.digest,
            "logops/owner": owner,
            "logops/applied-at": at.isoformat(),
        }
        self._api.create(stored, self._namespace)
        return revision

    def finish(self, revision: Revision) -> None:
        """Mark a revision as applied to its end."""
        name = self._name(revision.stage, revision.number)
        stored = manifest(*_KIND, name, self._namespace, {})
        stored["metadata"]["annotations"] = {_APPLIED: "true"}
        self._api.put(stored, self._namespace, f"{LOGOPS}-finish")

    def live(self, stage: Stage) -> Files:
        """Return the files of the last revision that was applied to its end."""
        finished = [stored for stored in self._objects(stage) if _APPLIED in stored["metadata"]["annotations"]]
        return _files(max(finished, key=lambda stored: _revision(stored).number)) if finished else Files({})

    def known(self, stage: Stage) -> Iterator[Files]:
        """Yield the files of every revision whose objects may exist: the last finished one, and those after it."""
        for stored in sorted(self._objects(stage), key=lambda stored: -_revision(stored).number):
            yield _files(stored)
            if _APPLIED in stored["metadata"]["annotations"]:
                return

    def _objects(self, stage: Stage) -> list[Object]:
        labels = ",".join(f"{key}={value}" for key, value in self._labels(stage).items())
        return self._api.items(*_KIND, self._namespace, labels)

    def _labels(self, stage: Stage) -> dict[str, str]:
        return {"logops/environment": self._environment, "logops/stage": stage}

    def _name(self, stage: Stage, number: int) -> str:
        return f"logops-{self._environment}-{stage}-{number:06}"


def _revision(stored: Object) -> Revision:
    annotations = stored["metadata"]["annotations"]
    return Revision(
        stored["metadata"]["labels"]["logops/stage"],
        int(annotations["logops/number"]),
        annotations["logops/digest"],
        annotations["logops/owner"],
        datetime.fromisoformat(annotations["logops/applied-at"]),
    )


def _files(stored: Object) -> Files:
    return Files(json.loads(gzip.decompress(b64decode(stored["binaryData"][_FILES]))))

"""The applied states of each stage, in numbered folders. Folders are added, and never changed or removed.

    revisions/loki/000002/meta.json     number, digest, owner, applied_at
    revisions/loki/000002/files/...     the stage's files as they were applied

A rollback is a revision too, with the files that it returned to. A revision without files stopped the stage.
"""

import json
from datetime import datetime
from pathlib import Path

from logops.platforms.local.atomic import write_folder
from logops.platforms.platform import Revision
from logops.render import Files, Stage


class Revisions:
    """The revisions below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, stage: Stage) -> list[Revision]:
        """Return the revisions of a stage, oldest first."""
        return [_read(stage, meta) for meta in sorted((self._folder / stage).glob("[0-9]*/meta.json"))]

    def files(self, revision: Revision) -> Files:
        """Return the stage's files at a revision."""
        folder = self._revision_folder(revision.stage, revision.number) / "files"
        return Files(
            {
                path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
                for path in folder.rglob("*")
                if path.is_file()
            }
        )

    def add(self, stage: Stage, files: Files, owner: str, at: datetime) -> Revision:
        """Store files as the newest revision. Raises PlatformError if the disk is full; nothing is stored then."""
        before = self.all(stage)
        revision = Revision(stage, before[-1].number + 1 if before else 1, files.digest, owner, at)
        meta = {"number": revision.number, "digest": revision.digest, "owner": owner, "applied_at": at.isoformat()}
        texts = {f"files/{name}": text for name, text in files.items()}
        write_folder(
            self._revision_folder(stage, revision.number), {**texts, "meta.json": json.dumps(meta, indent=2) + "\n"}
        )
        return revision

    def _revision_folder(self, stage: Stage, number: int) -> Path:
        return self._folder / stage / f"{number:06}"


def _read(stage: Stage, meta: Path) -> Revision:
    content = json.loads(meta.read_text())
    return Revision(
        stage, content["number"], content["digest"], content["owner"], datetime.fromisoformat(content["applied_at"])
    )

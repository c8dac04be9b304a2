"""The live container, for checking suspects again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from logops.audit.survey.objects import IndexFile

if TYPE_CHECKING:
    from logops.clients.blob_storage.container import Container


class Bucket(Protocol):
    """The part of a container that the second check reads. Every method raises ObjectStoreError."""

    def read(self, name: str) -> bytes:
        """Return the content of a blob. Raises BlobMissingError."""

    def exists(self, names: Sequence[str]) -> list[bool]:
        """Return for each name whether the blob exists now."""

    def index_files(self, table: str) -> list[IndexFile]:
        """Return a table's current index files."""


class LiveBucket:
    """A container as a `Bucket`."""

    def __init__(self, container: "Container") -> None:
        self._container = container

    def read(self, name: str) -> bytes:
        return self._container.read(name)

    def exists(self, names: Sequence[str]) -> list[bool]:
        return self._container.exists(names)

    def index_files(self, table: str) -> list[IndexFile]:
        from logops.audit.survey.blob_names import INDEX, index_files_of

        files: list[IndexFile] = []
        for batch in self._container.list((f"{INDEX}{table}/",)).batches:
            files += index_files_of(batch)[0]
        return sorted(files, key=lambda file: file.name)

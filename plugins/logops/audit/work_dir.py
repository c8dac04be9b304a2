"""The work folder of an audit, behind an fsspec URL that all workers can reach."""

from pathlib import PurePosixPath
from typing import Any, TypeVar

from pydantic import TypeAdapter

from logops.audit.errors import AuditError
from logops.findings.atomic_write import write_atomically

Value = TypeVar("Value")


class WorkLostError(AuditError):
    """The work of an earlier step of this run is missing or not valid."""


class WorkDir:
    """Small values by name, as JSON. Modules store large data (a survey's spool) beside them."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def write(self, name: str, kind: type[Value], value: Value) -> None:
        """Write a value atomically."""
        filesystem, path = self._at(name)
        write_atomically(filesystem, path, TypeAdapter(kind).dump_json(value))

    def read(self, name: str, kind: type[Value]) -> Value:
        """Read a value. Raises WorkLostError."""
        filesystem, path = self._at(name)
        try:
            return TypeAdapter(kind).validate_json(filesystem.cat_file(path))
        except (OSError, ValueError) as error:
            raise WorkLostError(
                f"reading {name} of an audit's work in {self.url}: {type(error).__name__}. Start the audit again from "
                "its first task; every worker must reach that folder."
            ) from error

    def has(self, name: str) -> bool:
        filesystem, path = self._at(name)
        return bool(filesystem.exists(path))

    def remove(self, name: str) -> None:
        """Remove a value. A missing one is no error."""
        filesystem, path = self._at(name)
        if filesystem.exists(path):
            filesystem.rm(path)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        filesystem, path = self._at(folder)
        paths = filesystem.ls(path, detail=False) if filesystem.exists(path) else []
        return sorted(f"{folder}/{PurePosixPath(path_in_folder).name}" for path_in_folder in paths)

    def discard(self) -> None:
        """Remove everything. A missing folder is no error."""
        filesystem, path = self._at("")
        if filesystem.exists(path):
            filesystem.rm(path, recursive=True)

    def _at(self, name: str) -> tuple[Any, str]:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(f"{self.url}/{name}".rstrip("/"))
        return filesystem, path

"""Import paths of version 0.1, accepted until 0.3. An old path imports the module at its new path, with a warning."""

import importlib
import importlib.machinery
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import Loader

MOVED = {
    "logops.audit.forecast": "logops.usage.forecast",
    "logops.audit.prices": "logops.usage.prices",
    "logops.audit.usage": "logops.usage.usage",
    "logops.coherence": "logops.doctor",
    "logops.hooks": "logops.airflow.hooks",
    "logops.loki": "logops.clients.loki",
    "logops.loki.auth": "logops.clients.http.auth",
    "logops.loki.deletes": "logops.clients.loki.model",
    "logops.loki.entries": "logops.clients.loki.model",
    "logops.loki.process": "logops.clients.loki.model",
    "logops.loki.push": "logops.clients.loki.requests",
    "logops.loki.recorded": "logops.clients.prometheus",
    "logops.loki.ring": "logops.clients.loki.model",
    "logops.loki.rules": "logops.clients.loki.model",
    "logops.objectstore": "logops.clients.blob_storage",
    "logops.operators": "logops.airflow.operators",
    "logops.operators.nightly": "logops.airflow.nightly",
    "logops.operators.tags": "logops.airflow.tags",
    "logops.provider": "logops.airflow.provider",
    "logops.queries.alert_tests": "logops.rules.alert_tests",
    "logops.queries.own_loki": "logops.rules.own_loki",
    "logops.quickstart.show": "logops.toolchain.progress_board",
}
"""Old path -> new path, of a module or of a package with all its modules."""


def new_path(old: str) -> str | None:
    """Return the new path of a module; None if it never moved.

    >>> new_path("logops.operators.audit")
    'logops.airflow.operators.audit'
    """
    for path in sorted(MOVED, key=len, reverse=True):
        if old == path or old.startswith(f"{path}."):
            return MOVED[path] + old.removeprefix(path)
    return None


class _Finder:
    """An import hook that finds modules by their old paths.

    It does not derive from the classes in `importlib.abc`: they import half of the standard library, in every command.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        new = new_path(fullname)
        if new is None:
            return None
        # Imports several modules, which most programs need not.
        from importlib.util import find_spec

        if find_spec(new) is None:
            return None
        # A package, so that modules below it are also looked up here.
        return importlib.machinery.ModuleSpec(fullname, cast("Loader", self), is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__
        new = new_path(old)
        assert new is not None
        warnings.warn(f"{old} is now {new}. Version 0.3 removes the old path", DeprecationWarning, stacklevel=2)
        sys.modules[old] = importlib.import_module(new)


def install() -> None:
    """Accept the old paths. A second call changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        # First in the list: otherwise a module below an alias would be loaded a second time from its file.
        sys.meta_path.insert(0, _Finder())

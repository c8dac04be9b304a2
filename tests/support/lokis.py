"""A Loki in one process, with its own folders."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from logops.clients.loki import LokiClient
from logops.rules.own_loki import own_loki


@contextmanager
def running_loki(folder: Path, tenants: Mapping[str, object] = MappingProxyType({})) -> Iterator[LokiClient]:
    """Run a Loki that accepts lines of any age. `tenants` sets limits; tenant `limited` has a retention of 2160h."""
    with own_loki(folder, {"limited": {"retention_period": "2160h"}, **tenants}) as client:
        yield client

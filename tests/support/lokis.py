"""One Loki in one process, on folders of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from logops.clients.loki import LokiClient
from logops.rules.own_loki import own_loki


@contextmanager
def running_loki(folder: Path, tenants: Mapping[str, object] = MappingProxyType({})) -> Iterator[LokiClient]:
    """It takes lines of any age. A tenant `limited` has a retention of its own, others the limits of `tenants`."""
    with own_loki(folder, {"limited": {"retention_period": "2160h"}, **tenants}) as client:
        yield client

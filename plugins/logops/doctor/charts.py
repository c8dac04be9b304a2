"""Recognise the Helm chart that values are for. Five charts install Loki, and their values look alike.

Sources: values.yaml of grafana-community/loki 18.11.0, grafana/loki 6.55.0 and 5.48.0, loki-distributed 0.80.6,
loki-simple-scalable 1.8.11 and loki-stack 2.10.3.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from logops.doctor.untyped import as_mapping


class Chart(StrEnum):
    """A chart that installs Loki. The values are the names that `--chart` takes."""

    LOKI = "loki"
    LOKI_6 = "loki-6"
    LOKI_5 = "loki-5"
    DISTRIBUTED = "loki-distributed"
    SIMPLE_SCALABLE = "loki-simple-scalable"
    STACK = "loki-stack"

    @property
    def full_name(self) -> str:
        """Return the name with repository and version: `grafana/loki 6.55.0`."""
        return _TITLES[self]

    @property
    def is_current(self) -> bool:
        """Return whether the chart installs Loki 3. The doctor knows the keys and defaults of these charts only."""
        return self in (Chart.LOKI, Chart.LOKI_6)


_TITLES = {
    Chart.LOKI: "grafana-community/loki 18.11.0",
    Chart.LOKI_6: "grafana/loki 6.55.0",
    Chart.LOKI_5: "grafana/loki 5.48.0",
    Chart.DISTRIBUTED: "grafana/loki-distributed 0.80.6",
    Chart.SIMPLE_SCALABLE: "grafana/loki-simple-scalable 1.8.11",
    Chart.STACK: "grafana/loki-stack 2.10.3",
}

_STACK = {"promtail", "fluent-bit", "filebeat", "logstash", "grafana", "prometheus", "proxy", "test_pod"}
_STACK_LOKI = {"enabled", "isDefault", "datasource", "url"}
_DISTRIBUTED = {"memcachedChunks", "memcachedFrontend", "memcachedIndexQueries", "memcachedIndexWrites"}
_DISTRIBUTED_LOKI = {"storageConfig", "configAsSecret", "appProtocol"}
_OPTIONAL = ("compactor", "ruler", "indexGateway", "queryScheduler")
"""Components that loki-distributed switches on with `enabled`. The other charts count replicas."""
_ONLY_6 = {"enterprise", "adminApi", "enterpriseGateway", "clusterLabelOverride"}
_SINCE_6 = {"chunksCache", "resultsCache", "lokiCanary", "distributor", "ingester", "querier", "patternIngester"}
_SCALABLE = {"write", "read", "backend"}
_WRAPPERS = ("loki", "loki-distributed", "loki-simple-scalable")


def recognise(values: Mapping[str, Any]) -> Chart:
    """Return the chart that values are for, by the keys that only one chart has. Default: the newest chart.

    >>> recognise({"loki": {"isDefault": True}, "promtail": {"enabled": True}}).full_name
    'grafana/loki-stack 2.10.3'
    """
    loki, mode = as_mapping(values.get("loki")), values.get("deploymentMode")
    if values.keys() & _STACK or loki.keys() & _STACK_LOKI:
        return Chart.STACK
    scalable = bool(values.keys() & (_SCALABLE | {"singleBinary"}))
    newer = scalable or mode or any("_" in str(key) for key in loki)
    optional = not newer and any("enabled" in as_mapping(values.get(name)) for name in _OPTIONAL)
    if optional or values.keys() & _DISTRIBUTED or loki.keys() & _DISTRIBUTED_LOKI:
        return Chart.DISTRIBUTED
    if as_mapping(values.get("monitoring")).get("lokiCanary") or "memcached" in loki:
        return Chart.LOKI_5
    if mode is None and values.keys() & _SCALABLE and not values.keys() & _SINCE_6:
        five = values.keys() & {"backend", "singleBinary"}
        return Chart.LOKI_5 if five else Chart.SIMPLE_SCALABLE
    if values.keys() & _ONLY_6 or "SingleBinary" in str(mode) or (mode is None and values.keys() & _SCALABLE):
        return Chart.LOKI_6
    return Chart.LOKI


def wrapped(values: Mapping[str, Any]) -> str:
    """Return the key under which a chart of the user's own has the values of a Loki chart; "" if it has none.

    >>> wrapped({"loki": {"loki": {"auth_enabled": True}}}), wrapped({"loki": {"auth_enabled": True}})
    ('loki', '')
    """
    return next((name for name in _WRAPPERS if isinstance(as_mapping(values.get(name)).get("loki"), Mapping)), "")

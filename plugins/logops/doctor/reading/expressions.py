"""Read the expressions of rules files, of PrometheusRule objects, and of Grafana's dashboards."""

from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor.deployment import Expression, Location
from logops.doctor.untyped import as_list, as_mapping


def read_expressions(document: Mapping[str, Any], location: Location) -> list[Expression]:
    """Return the expressions of rules or of a dashboard; an empty list if the document is neither.

    Rules: prometheus.io/docs/prometheus/latest/configuration/recording_rules. Dashboards: the JSON model of Grafana.
    """
    groups = as_mapping(document.get("spec")).get("groups") if "kind" in document else document.get("groups")
    if any("rules" in as_mapping(group) for group in as_list(groups)):
        at_groups = location.at("spec", "groups") if "kind" in document else location.at("groups")
        return list(_expressions(groups, at_groups))
    dashboard = as_mapping(document.get("dashboard")) or document
    if isinstance(dashboard.get("panels"), list):
        return list(_expressions(document, location))
    return []


def _expressions(value: Any, location: Location) -> Iterator[Expression]:
    """Yield the texts of all keys `expr`, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "expr" and isinstance(inner, str):
                yield Expression(location.at("expr"), inner)
            else:
                yield from _expressions(inner, location.at(str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _expressions(element, location.at(index))

"""Helm values: the base values of include/helm, with an environment's values laid over them."""

from collections.abc import Mapping
from typing import Any

from logops.environment.cluster import ResourceAmounts, Resources
from logops.environment.units import Size

BaseValues = Mapping[str, Mapping[str, Any]]
"""Name of a chart -> its base values."""


def overlay(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `values` laid over it: mappings are merged, everything else is replaced.

    >>> overlay({"gateway": {"replicas": 1, "enabled": True}}, {"gateway": {"replicas": 3}})
    {'gateway': {'replicas': 3, 'enabled': True}}
    """
    merged = dict(base)
    for key, value in values.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def literal(value: Any) -> Any:
    """Return values whose texts Helm does not expand: the charts pass them through the template function `tpl`.

    >>> literal({"selector": "{{ .Value }}"})
    {'selector': '{{`{{`}} .Value }}'}
    """
    match value:
        case str():
            return value.replace("{{", "{{`{{`}}")
        case Mapping():
            return {key: literal(inner) for key, inner in value.items()}
        case list() | tuple():
            return [literal(inner) for inner in value]
        case _:
            return value


def quantity(size: Size) -> str:
    """Return a size as Kubernetes writes it, in the largest unit that needs no fraction.

    >>> quantity(Size("1.5GiB")), quantity(Size("10MB"))
    ('1536Mi', '10000000')
    """
    number = size.value
    for unit in ("", "Ki", "Mi", "Gi", "Ti"):
        if number % 1024 or unit == "Ti":
            return f"{number}{unit}"
        number //= 1024
    raise AssertionError("unreachable")


def resources(declared: Resources) -> dict[str, Any]:
    """Return `resources` of a container: requests and limits that are set."""
    both = {"requests": _amounts(declared.requests), "limits": _amounts(declared.limits)}
    return {kind: amounts for kind, amounts in both.items() if amounts}


def _amounts(declared: ResourceAmounts) -> dict[str, str]:
    amounts = {}
    if declared.cpu is not None:
        amounts["cpu"] = f"{round(declared.cpu * 1000)}m"
    if declared.memory is not None:
        amounts["memory"] = quantity(declared.memory)
    return amounts

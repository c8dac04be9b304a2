"""Evaluate the module for storage accounts as Terraform does, for the few expressions that it uses."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import hcl2

from tests.support.environments import TERRAFORM_MODULE

_MODULE = hcl2.loads(TERRAFORM_MODULE)
_NAMED = re.compile(r"\$\{([^}]*)\}")
_IDS = {"azurerm_storage_account.this.id": "ACCOUNT"}
Scope = Mapping[str, Any]


def resources(arguments: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the arguments of each resource that the module makes, by its type. Blocks are lists."""
    variables = {"var": arguments}
    made: dict[str, list[dict[str, Any]]] = {}
    for resource in _MODULE["resource"]:
        for kind, named in resource.items():
            (body,) = (value for name, value in named.items() if not name.startswith("__"))
            made[kind.strip('"')] = [_body(body, {**variables, **scope}) for scope in _instances(body, variables)]
    return made


def _instances(body: Mapping[str, Any], scope: Scope) -> Iterator[Scope]:
    if "for_each" in body:
        yield from ({"each": {"value": value}} for value in sorted(_value(body["for_each"], scope)))
    elif "count" in body:
        yield from [{}] * _count(body["count"], scope)
    else:
        yield {}


def _count(text: str, scope: Scope) -> int:
    """Return 0 or 1: the module has only resources that exist if a variable has a value."""
    if matched := re.fullmatch(r"\$\{length\((.+)\) > 0 \? 1 : 0\}", text):
        return 1 if _named(matched[1], scope) else 0
    matched = re.fullmatch(r"\$\{(.+) == null \? 0 : 1\}", text)
    assert matched, f"the test does not know the expression {text}"
    return 0 if _named(matched[1], scope) is None else 1


def _body(body: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in body.items():
        if key.startswith("__") or key in ("count", "for_each", "lifecycle"):
            continue
        if key == "dynamic":
            for dynamic in value:
                ((name, block),) = ((name, block) for name, block in dynamic.items() if not name.startswith("__"))
                label = name.strip('"')
                values[label] = [
                    _body(block["content"][0], {**scope, label: {"value": item}})
                    for item in _value(block["for_each"], scope)
                ]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            values[key] = [_body(block, scope) for block in value]
        else:
            values[key] = _value(value, scope)
    return values


def _value(value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        return [_value(item, scope) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"'):
        return _NAMED.sub(lambda matched: str(_named(matched[1], scope)), value.strip('"'))
    matched = _NAMED.fullmatch(value)
    assert matched, f"the test does not know the expression {value}"
    return _named(matched[1], scope)


def _named(expression: str, scope: Scope) -> Any:
    """Return the value of `var.a.b`, of `var.a[*]` (a list of it, empty if it is null), or of another resource."""
    if expression in _IDS:
        return _IDS[expression]
    if matched := re.fullmatch(r"azurerm_storage_container\.this\[(.+)\]\.name", expression):
        name = _named(matched[1], scope)
        assert name in scope["var"]["containers"], f"there is no container {name}"
        return name
    if expression.endswith("[*]"):
        value = _named(expression.removesuffix("[*]"), scope)
        return [] if value is None else [value]
    value = scope
    for step in expression.split("."):
        # An optional attribute is null.
        value = value.get(step)
    return value

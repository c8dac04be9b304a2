"""Paths of settings inside of a Kubernetes object, as people write them. Pure."""

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class Item:
    """A step to the item of a list whose `field` has this value, such as the container with the name `loki`."""

    field: str
    value: str | int


@dataclass(frozen=True)
class Document:
    """A step into the YAML document that a text holds."""


@dataclass(frozen=True)
class Order:
    """A step to the order of the items of a list."""


Step = str | int | Item | Document | Order
Path = tuple[Step, ...]


def path_text(path: Path) -> str:
    """Return a path for people.

    >>> path_text(("spec", "containers", Item("name", "loki"), "image"))
    'spec.containers[loki].image'
    >>> path_text(("data", "config.yaml", Document(), "limits_config", "retention_period"))
    'data["config.yaml"]: limits_config.retention_period'
    """
    text = ""
    for step in path:
        match step:
            case Item():
                text += f"[{step.value}]"
            case int():
                text += f"[{step}]"
            case Document():
                text += ": "
            case Order():
                text += " (order)"
            case _ if not _PLAIN.fullmatch(step):
                text += f'["{step}"]'
            case _ if not text or text.endswith(": "):
                text += step
            case _:
                text += f".{step}"
    return text

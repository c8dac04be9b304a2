"""Durations, sizes, label names and secrets of Promtail, written as an environment writes them."""

import re
from collections.abc import Collection
from datetime import timedelta

from logops.doctor import quantities
from logops.doctor.promtail.value import Value
from logops.environment.units import Duration, Size

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=](.*))?\}")
"""A variable as `-config.expand-env` replaces it, perhaps with a default."""


def duration(value: Value) -> str | None:
    """Use a duration; None, with a note, if an environment cannot have it."""
    if not value:
        return None
    length = quantities.go_duration(value.data)
    if length is None or length % timedelta(milliseconds=1) or length < timedelta(0):
        value.lost(f"{value.data!r} is not a duration: write it as 30s or 1h30m")
        return None
    value.use()
    return Duration(f"{length // timedelta(milliseconds=1)}ms").go


def size(value: Value) -> str | None:
    """Use a size in bytes, or with a unit of 1,024 bytes; None, with a note, for another text."""
    if not value:
        return None
    size_bytes = quantities.size(value.data)
    if size_bytes is None:
        value.lost(f"{value.data!r} is not a size: write it as 512KiB or 1MiB")
        return None
    value.use()
    for unit, bytes_per_unit in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes and size_bytes % bytes_per_unit == 0:
            return str(Size(f"{size_bytes // bytes_per_unit}{unit}"))
    return f"{size_bytes}B"


def plain_text(value: Value) -> str | None:
    """Use a text. A variable in it gets a note, because an environment has variables only for secrets."""
    text = value.text()
    if text is not None and (variable := _VARIABLE.search(text)):
        value.todo(f"replace {variable[0]} by its value: an environment has variables only for secrets")
    return text


def labels(mapping: Value) -> dict[str, str]:
    """Use fixed labels. Labels that Loki refuses get a note. Internal labels are left to the caller."""
    mapping.use_if({})
    fixed = {}
    for name, value in mapping.fields():
        if name.startswith("__"):
            continue
        text = plain_text(value)
        if not value:
            value.use()
        elif text is None:
            value.lost("the value of a label must be a text")
        elif not text:
            value.use()  # Loki has no label with an empty value.
        elif problem := label_problem(name):
            value.lost(problem)
        else:
            fixed[name] = text
    return fixed


def label_list(names: Collection[str]) -> str:
    """Return names of labels for a note: `label a`, or `labels a, b`."""
    return f"label{'s' if len(names) > 1 else ''} {', '.join(names)}"


def label_problem(name: str) -> str | None:
    """Return why an environment refuses a name of a label; None if it does not."""
    if _LABEL.fullmatch(name) and not name.startswith("__"):
        return None
    return "Loki refuses this label name: use letters, digits and underscores"


def secret(value: Value, connection: str) -> dict[str, str]:
    """Return a reference to a secret, and note what must be created. The secret itself is not copied."""
    variable = _VARIABLE.fullmatch(str(value.data))
    if variable and re.fullmatch(r"[A-Z][A-Z0-9_]*", variable[1]):
        value.todo(f"set the environment variable {variable[1]} where the agent runs, as for Promtail")
        return {"env": variable[1]}
    return secret_connection(value, connection, "with this secret as its password")


def secret_connection(value: Value, connection: str, content: str) -> dict[str, str]:
    """Return a reference to an Airflow connection, and note that it must be created."""
    name = f"LOGOPS_CONNECTION_{connection.upper()}"
    value.todo(
        f"create the Airflow connection {connection} {content}, and set the environment variable {name} where the "
        "agent runs. The secret was not copied"
    )
    return {"connection": connection}

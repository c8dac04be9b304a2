"""The changes of an object as the lines of a diff for people, without any secret. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from logops.masking import masked
from logops.platforms.kubernetes.plan.compare import ABSENT, Change, name_field, name_of_item
from logops.platforms.kubernetes.plan.embedded import document, is_document
from logops.platforms.kubernetes.plan.paths import Document, Item, Order, Path, path_text

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(?i)(password|passwd|passphrase|secret|token|credentials?|htpasswd|connection[_.-]?string"
    r"|(account|access|api|private|routing|service|shared|sas|storage)[_.-]?key)$"
)
_CHECKSUM = re.compile(r"[0-9a-f]{32,}")
"""The value of an annotation that restarts pods if a file changes. It says nothing to a reader."""


def lines(kind: str, changed: Sequence[Change]) -> list[str]:
    """Return the lines of a diff: `-path: value` was there, `+path: value` will be.

    kind   kind of the object: no value of a Secret is shown
    """
    return [line for change in changed for line in _lines(kind, change)]


def _lines(kind: str, change: Change) -> Iterator[str]:
    if change.path and isinstance(change.path[-1], Order):
        for sign, names in (("-", change.before), ("+", change.after)):
            yield f"{sign}{path_text(change.path)}: {', '.join(map(str, names))}"
        return
    if ABSENT not in (change.before, change.after) and is_document(change.path, kind):
        # The YAML is the same, or it is not valid: only the text differs.
        yield from _setting(kind, change.path, change.before, change.after)
        return
    old, new = (dict(_leaves(change.path, value, kind)) for value in (change.before, change.after))
    for path in (*old, *(path for path in new if path not in old)):
        yield from _setting(kind, path, old.get(path, ABSENT), new.get(path, ABSENT))


def _setting(kind: str, path: Path, before: Any, after: Any) -> Iterator[str]:
    name = path_text(path)
    if _is_hidden(kind, path, before, after):
        if before is not ABSENT:
            yield f"-{name}: {HIDDEN}"
        if after is not ABSENT:
            yield f"+{name}: {HIDDEN}" + (" (another value)" if before is not ABSENT else "")
        return
    if any(isinstance(value, str) and "\n" in value for value in (before, after)):
        texts = [[] if value is ABSENT else str(value).splitlines() for value in (before, after)]
        if any("PRIVATE KEY-----" in line for text in texts for line in text):
            yield from (f"{sign}{name}: {HIDDEN}" for sign, text in zip("-+", texts, strict=True) if text)
            return
        yield from list(_differing(f"{name} |", *texts)) or _as_json(name, before, after)
        return
    if any(isinstance(value, list) for value in (before, after)):
        items = [_items(value) for value in (before, after)]
        yield from list(_differing(f"{name}:", *items)) or _as_json(name, before, after)
        return
    for sign, value in (("-", before), ("+", after)):
        if value is not ABSENT:
            # The name decides with the value: `password: abc` is masked, and `abc` alone would not be.
            yield f"{sign}{masked(f'{name}: {_value(value)}')}"


def _differing(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the lines that differ of a text of several lines, or of a list."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (f"-{name} {masked(line)}" for line in old[i1:i2])
            yield from (f"+{name} {masked(line)}" for line in new[j1:j2])


def _as_json(name: str, before: Any, after: Any) -> Iterator[str]:
    """Yield values whose lines are the same: `a` and `[a]`, or texts of which one ends with a line break."""
    for sign, value in (("-", before), ("+", after)):
        if value is not ABSENT:
            yield f"{sign}{masked(f'{name}: {json.dumps(value)}')}"


def _items(value: Any) -> list[str]:
    if not isinstance(value, list):
        return [] if value is ABSENT else [_value(value)]
    return [_value(item) for item in value] or ["[]"]


def _leaves(path: Path, value: Any, kind: str) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each setting below a value that is added or removed as a whole."""
    if value is ABSENT:
        return
    if is_document(path, kind) and kind != "Secret" and (parsed := document(value)):
        yield from _leaves((*path, Document()), parsed, kind)
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves((*path, key), item, kind)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        field = None if kind == "Secret" else name_field(value)
        for position, item in enumerate(value):
            step = position if field is None else Item(field, name_of_item(item, field))
            yield from _leaves((*path, step), item, kind)
    else:
        yield path, value


def _is_hidden(kind: str, path: Path, before: Any, after: Any) -> bool:
    if kind == "Secret" and path[0] in ("data", "stringData"):
        return True
    if any(isinstance(value, str) and _CHECKSUM.fullmatch(value) for value in (before, after)):
        return "annotations" in path
    if "valueFrom" in path or not any(_may_be_secret(value) for value in (before, after)):
        return False
    names = [step.value if isinstance(step, Item) else step for step in path if isinstance(step, str | Item)]
    # An environment variable has its name one step before `value`.
    relevant = names[-2:] if names and names[-1] == "value" else names[-1:]
    return any(_SECRET_NAME.search(str(name)) for name in relevant)


def _may_be_secret(value: Any) -> bool:
    """Whether a value may be secret. `true`, an empty text and the name of a variable are settings about a secret."""
    if isinstance(value, str):
        return re.fullmatch(r"(?i)true|false|null||\$\{\w+\}|\$\(\w+\)", value) is None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case "":
            return '""'
    return str(value)

"""Lifecycle policies in Terraform: only resources with `rule` blocks, and only values written out.

A small reader of HCL's blocks, strings, numbers, booleans and lists of them. What is an expression (a variable, a
function, a `for`) is not evaluated: a rule whose days or prefixes are one is said to be unread.
Source: registry.terraform.io/providers/hashicorp/azurerm, resource azurerm_storage_management_policy.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from logops.doctor.deployment import LifecycleAction, LifecycleRule, Location, TierName, UnreadablePart
from logops.doctor.reading.lifecycle import SINCE
from logops.doctor.reading.safe_yaml import DocumentError

_TOKEN = re.compile(
    r'(?P<skip>\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\])*")|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<word>[A-Za-z_][\w.-]*)|(?P<mark>[{}\[\]=,])|(?P<other>.)",
    re.DOTALL,
)
_DAYS = re.compile(
    r"(?:(?P<tier>tier_to_(?:cool|cold|archive))|delete)_after_days_since_(?P<since>[a-z_]+)_greater_than"
)
_MAX_DEPTH = 50
_SINCE = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): said for name, said in SINCE.items()}


@dataclass
class _Block:
    words: list[str]
    values: dict[str, object] = field(default_factory=dict)
    blocks: list["_Block"] = field(default_factory=list)

    def inner(self, *names: str) -> "_Block":
        """The first block below, by names; an empty one where there is none."""
        block = self
        for name in names:
            block = next((b for b in block.blocks if b.words[:1] == [name]), _Block([name]))
        return block


class _Expression:
    """A value that only Terraform can tell."""


def is_terraform(text: str) -> bool:
    """Whether text holds Terraform resources."""
    return bool(re.search(r'^\s*resource\s+"\w+"\s+"[\w-]+"\s*\{', text, re.MULTILINE))


def read_terraform(text: str, file: str) -> Iterator[LifecycleRule | UnreadablePart]:
    """Rules of storage lifecycle policies; other resources are passed over.

    Raises DocumentError for text whose braces do not match.
    """
    tokens = [m for m in _TOKEN.finditer(text) if m.lastgroup != "skip"]
    root, end = _block(tokens, 0, [], file)
    if end < len(tokens):
        raise DocumentError(file, "a closing brace without an opening one", "valid Terraform")
    for resource in root.blocks:
        kind = resource.words[1] if resource.words[0] == "resource" and len(resource.words) > 2 else ""
        if "lifecycle" in kind or kind == "azurerm_storage_management_policy":
            rules = [block for block in resource.blocks if block.words == ["rule"]]
            for index, rule in enumerate(rules):
                yield from _rule(rule, kind, Location(file, f"{kind}.{resource.words[2]}").at("rule", index))
            if any(block.words[0] == "dynamic" for block in resource.blocks):
                yield UnreadablePart(
                    Location(file, f"{kind}.{resource.words[2]}"), "dynamic blocks are Terraform's to evaluate"
                )


def _rule(rule: _Block, kind: str, location: Location) -> Iterator[LifecycleRule | UnreadablePart]:
    base = rule.inner("actions", "base_blob")
    at_base, at_prefixes = location.at("actions", "base_blob"), location.at("filters", "prefix_match")
    prefixes = rule.inner("filters").values.get("prefix_match", [])
    steps = {key: (found, value) for key, value in base.values.items() if (found := _DAYS.fullmatch(key))}
    unread = [at_base.at(key) for key, (_, value) in steps.items() if not isinstance(value, float)]
    if not isinstance(prefixes, list) or any(not isinstance(prefix, str) for prefix in prefixes):
        unread.append(at_prefixes)
        prefixes = []
    if unread:
        yield from (UnreadablePart(where, "an expression, which only Terraform can evaluate") for where in unread)
        return
    tiers: dict[TierName, LifecycleAction] = {}
    delete = None
    for key, (found, value) in steps.items():
        days = LifecycleAction(float(str(value)), at_base.at(key), _SINCE.get(found["since"], found["since"]))
        match found["tier"]:
            case "tier_to_cool":
                tiers["cool"] = days
            case "tier_to_cold":
                tiers["cold"] = days
            case "tier_to_archive":
                tiers["archive"] = days
            case _:
                delete = days
    yield LifecycleRule(
        name=str(rule.values.get("name", location.path)),
        location=location,
        prefixes=tuple((str(prefix), at_prefixes.at(i)) for i, prefix in enumerate(prefixes)),
        tiers=tiers,
        delete=delete,
        enabled=rule.values.get("enabled") is not False,
        resource_type=kind,
    )


def _block(
    tokens: list[re.Match[str]], position: int, words: list[str], file: str, depth: int = 0
) -> tuple[_Block, int]:
    """The body of a block up to its closing brace, and the position behind it; the file itself is depth 0."""
    if depth > _MAX_DEPTH:
        raise DocumentError(file, f"blocks nested deeper than {_MAX_DEPTH}", "a lifecycle policy")
    block, head = _Block(words), list[str]()
    while position < len(tokens):
        text = tokens[position][0]
        position += 1
        if text == "}":
            return block, position if depth else position - 1
        if text == "{":
            inner, position = _block(tokens, position, head or [""], file, depth + 1)
            block.blocks.append(inner)
            head = []
        elif text == "=" and head:
            block.values[head[-1]], position = _value(tokens, position)
            head = []
        else:
            head.append(text.strip('"'))
    if depth:
        raise DocumentError(file, f"the block {' '.join(words)} has no end", "valid Terraform")
    return block, position


def _value(tokens: list[re.Match[str]], position: int) -> tuple[object, int]:
    """A value and the position behind it. What follows an expression's first word is read as part of the next key."""
    if position >= len(tokens) or tokens[position][0] not in "[{":
        return (_literal(tokens[position]) if position < len(tokens) else _Expression()), position + 1
    start, depth = position, 0
    while position < len(tokens):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(tokens[position][0], 0)
        position += 1
        if not depth:
            break
    inner = tokens[start + 1 : position - 1]
    flat = tokens[start][0] == "[" and not any(token[0] in "[]{}" for token in inner)
    return ([_literal(token) for token in inner if token[0] != ","] if flat else _Expression()), position


def _literal(token: re.Match[str]) -> object:
    match token.lastgroup:
        case "string" if "${" not in token[0]:
            return token[0][1:-1]
        case "number":
            return float(token[0])
        case "word" if token[0] in ("true", "false"):
            return token[0] == "true"
    return _Expression()

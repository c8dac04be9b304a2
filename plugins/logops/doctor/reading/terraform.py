"""Read lifecycle policies in Terraform: resources with `rule` blocks and literal values.

This is a small parser for HCL: blocks, strings, numbers, booleans and lists of them. Expressions (a variable, a
function, a `for`) are not evaluated: if the days or prefixes of a rule are an expression, the rule is unreadable.
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
_STEP = re.compile(r"\.([\w-]+)(?:\[(\d+)\])?")
_SINCE = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): event for name, event in SINCE.items()}


@dataclass
class _Block:
    words: list[str]
    values: dict[str, object] = field(default_factory=dict)
    blocks: list["_Block"] = field(default_factory=list)
    start: int = 0
    """Offset in the text."""
    value_starts: dict[str, int] = field(default_factory=dict)

    def inner(self, *names: str) -> "_Block":
        """Return the first nested block with these names; an empty block if no block matches."""
        block = self
        for name in names:
            block = next((b for b in block.blocks if b.words[:1] == [name]), _Block([name]))
        return block


class _Expression:
    """A value that only Terraform can evaluate."""


def is_terraform(text: str) -> bool:
    """Return whether a text contains Terraform resources."""
    return bool(re.search(r'^\s*resource\s+"\w+"\s+"[\w-]+"\s*\{', text, re.MULTILINE))


def read_terraform(text: str, file: str) -> Iterator[LifecycleRule | UnreadablePart]:
    """Yield the rules of lifecycle policies. Other resources are skipped.

    Raises DocumentError if braces do not match.
    """
    for resource in _resources(text, file):
        kind = resource.words[1] if resource.words[0] == "resource" and len(resource.words) > 2 else ""
        if "lifecycle" in kind or kind == "azurerm_storage_management_policy":
            rules = [block for block in resource.blocks if block.words == ["rule"]]
            for index, rule in enumerate(rules):
                yield from _rule(rule, kind, Location(file, f"{kind}.{resource.words[2]}").at("rule", index))
            if any(block.words[0] == "dynamic" for block in resource.blocks):
                yield UnreadablePart(
                    Location(file, f"{kind}.{resource.words[2]}"), "dynamic blocks, which only Terraform can evaluate"
                )


def offset_in_terraform(text: str, path: str) -> int:
    """Return the offset of a path such as `TYPE.NAME.rule[0].filters`, or of the nearest block above it."""
    for resource in _resources(text, ""):
        name = ".".join(resource.words[1:3])
        if path == name or path.startswith(f"{name}."):
            return _offset_in_block(resource, _STEP.findall(path.removeprefix(name)))
    return 0


def _offset_in_block(block: _Block, steps: list[tuple[str, str]]) -> int:
    for name, index in steps:
        if name in block.value_starts:
            return block.value_starts[name]
        blocks = [inner for inner in block.blocks if inner.words[:1] == [name]]
        if int(index or 0) >= len(blocks):
            break
        block = blocks[int(index or 0)]
    return block.start


def _resources(text: str, file: str) -> list[_Block]:
    tokens = [m for m in _TOKEN.finditer(text) if m.lastgroup != "skip"]
    root, end = _block(tokens, 0, [], file)
    if end < len(tokens):
        raise DocumentError(file, "a closing brace without an opening one", "valid Terraform")
    return root.blocks


def _rule(rule: _Block, kind: str, location: Location) -> Iterator[LifecycleRule | UnreadablePart]:
    base = rule.inner("actions", "base_blob")
    at_base, at_prefixes = location.at("actions", "base_blob"), location.at("filters", "prefix_match")
    prefixes = rule.inner("filters").values.get("prefix_match", [])
    actions = {key: (match, value) for key, value in base.values.items() if (match := _DAYS.fullmatch(key))}
    unreadable = [at_base.at(key) for key, (_, value) in actions.items() if not isinstance(value, float)]
    if not isinstance(prefixes, list) or any(not isinstance(prefix, str) for prefix in prefixes):
        unreadable.append(at_prefixes)
        prefixes = []
    if unreadable:
        yield from (
            UnreadablePart(unreadable_location, "an expression, which only Terraform can evaluate")
            for unreadable_location in unreadable
        )
        return
    tiers: dict[TierName, LifecycleAction] = {}
    delete = None
    for key, (match, value) in actions.items():
        action = LifecycleAction(float(str(value)), at_base.at(key), _SINCE.get(match["since"], match["since"]))
        match match["tier"]:
            case "tier_to_cool":
                tiers["cool"] = action
            case "tier_to_cold":
                tiers["cold"] = action
            case "tier_to_archive":
                tiers["archive"] = action
            case _:
                delete = action
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
    """Return the body of a block up to its closing brace, and the position after it. The file is at depth 0."""
    if depth > _MAX_DEPTH:
        raise DocumentError(file, f"blocks nested deeper than {_MAX_DEPTH}", "a lifecycle policy")
    block, head = _Block(words), list[re.Match[str]]()
    while position < len(tokens):
        text = tokens[position][0]
        position += 1
        if text == "}":
            return block, position if depth else position - 1
        if text == "{":
            names = [token[0].strip('"') for token in head] or [""]
            inner, position = _block(tokens, position, names, file, depth + 1)
            inner.start = head[0].start() if head else tokens[position - 1].start()
            block.blocks.append(inner)
            head = []
        elif text == "=" and head:
            key = head[-1]
            block.value_starts[key[0].strip('"')] = key.start()
            block.values[key[0].strip('"')], position = _value(tokens, position)
            head = []
        else:
            head.append(tokens[position - 1])
    if depth:
        raise DocumentError(file, f"the block {' '.join(words)} has no closing brace", "valid Terraform")
    return block, position


def _value(tokens: list[re.Match[str]], position: int) -> tuple[object, int]:
    """Return a value and the position after it.

    The tokens of an expression after its first one are read as part of the next key.
    """
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

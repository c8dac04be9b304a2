"""Read lifecycle policies in Terraform: resources with `rule` blocks and literal values.

This is a small parser for HCL: blocks, strings, numbers, booleans, lists and objects. Expressions (a variable, a
function, a `for`) are not evaluated: if the days or prefixes of a rule are an expression, the rule is unreadable.
Sources: registry.terraform.io/providers/hashicorp/azurerm, resource azurerm_storage_management_policy, and
registry.terraform.io/providers/Azure/azapi, resource azapi_resource: its `body` is the JSON of the management API.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from logops.doctor.deployment import LifecycleAction, LifecycleRule, Location, TierName, UnreadablePart
from logops.doctor.reading.lifecycle import EXPRESSION, MANAGEMENT_POLICY, SINCE, policy_rules, read_policy
from logops.doctor.reading.safe_yaml import DocumentError

_TOKEN = re.compile(
    r'(?P<skip>\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\])*")|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<word>[A-Za-z_][\w.-]*)|(?P<mark>[{}\[\]=,])|(?P<other>.)",
    re.DOTALL,
)
_DAYS = re.compile(
    r"(?:(?P<tier>tier_to_(?:cool|cold|archive))|delete)_after_days_since_(?P<since>[a-z_]+)_greater_than"
)
_OPERATORS = frozenset("+-*/%?<>!&|.=(")
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
        if kind.startswith("azapi_") and MANAGEMENT_POLICY in str(resource.values.get("type")).lower():
            yield from _azapi_policy(resource, Location(file, f"{kind}.{resource.words[2]}").at("body"))
        elif "lifecycle" in kind or kind == "azurerm_storage_management_policy":
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
            value = block.values[name]
            if index and isinstance(value, list) and int(index) < len(value):
                value = value[int(index)]
            if not isinstance(value, _Block):
                return block.value_starts[name]
            block = value
            continue
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


def _azapi_policy(resource: _Block, at_body: Location) -> Iterator[LifecycleRule | UnreadablePart]:
    body = _plain(resource.values.get("body"))
    policy = policy_rules(body) if isinstance(body, dict) else None
    if policy is None:
        yield UnreadablePart(at_body, EXPRESSION)
        return
    rules, keys_above = policy
    yield from read_policy(rules, at_body.at(*keys_above))


def _plain(value: object) -> object:
    """Return a value with mappings instead of objects."""
    if isinstance(value, _Block):
        return {key: _plain(inner) for key, inner in value.values.items()}
    return [_plain(element) for element in value] if isinstance(value, list) else value


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
        yield from (UnreadablePart(unreadable_location, EXPRESSION) for unreadable_location in unreadable)
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


def _value(tokens: list[re.Match[str]], position: int, depth: int = 0) -> tuple[object, int]:
    """Return a value and the position after it.

    The other tokens of an expression such as `30 + var.days` are read as part of the next key.
    """
    value, position = _term(tokens, position, depth)
    is_expression = position < len(tokens) and tokens[position][0] in _OPERATORS
    return (_Expression() if is_expression else value), position


def _term(tokens: list[re.Match[str]], position: int, depth: int) -> tuple[object, int]:
    if position >= len(tokens):
        return _Expression(), position
    mark = tokens[position][0]
    following = tokens[position + 1][0] if position + 1 < len(tokens) else ""
    if mark in ("{", "["):
        end = _closing(tokens, position)
        is_for = following == "for" or depth > _MAX_DEPTH
        read = _object if mark == "{" else _list
        return (_Expression() if is_for else read(tokens, position + 1, end - 1, depth + 1)), end
    if following == "(":
        end = _closing(tokens, position + 1)
        if mark != "jsonencode":
            return _Expression(), end
        value, after = _value(tokens, position + 2, depth + 1)
        return (value if after == end - 1 else _Expression()), end
    return _literal(tokens[position]), position + 1


def _object(tokens: list[re.Match[str]], position: int, end: int, depth: int) -> object:
    """Return an object as a block without a name; an expression if it is not a list of `key = value`."""
    block = _Block([], start=tokens[position - 1].start())
    while position < end:
        key = tokens[position]
        if not _is_key(tokens, position):
            return _Expression()
        name = key[0].strip('"')
        block.value_starts[name] = key.start()
        block.values[name], position = _value(tokens, position + 2, depth)
        while position < end and tokens[position][0] != "," and not _is_key(tokens, position):
            position += 1  # the other tokens of an expression
        position += position < end and tokens[position][0] == ","
    return block


def _is_key(tokens: list[re.Match[str]], position: int) -> bool:
    return position + 1 < len(tokens) and tokens[position + 1][0] in ("=", ":")


def _list(tokens: list[re.Match[str]], position: int, end: int, depth: int) -> object:
    values = []
    while position < end:
        value, position = _value(tokens, position, depth)
        values.append(value)
        if position < end and tokens[position][0] != ",":
            return _Expression()
        position += 1
    return values


def _closing(tokens: list[re.Match[str]], position: int) -> int:
    """Return the position after the bracket that closes the one at `position`; the end if there is none."""
    depth = 0
    for after, token in enumerate(tokens[position:], position + 1):
        depth += {"[": 1, "{": 1, "(": 1, "]": -1, "}": -1, ")": -1}.get(token[0], 0)
        if not depth:
            return after
    return len(tokens)


def _literal(token: re.Match[str]) -> object:
    match token.lastgroup:
        case "string" if "${" not in token[0]:
            return token[0][1:-1]
        case "number":
            return float(token[0])
        case "word" if token[0] in ("true", "false"):
            return token[0] == "true"
    return _Expression()

"""A strict YAML parser for environment files: no duplicate keys, aliases, tags or dates."""

from typing import Any

import yaml

from logops.environment.errors import ConfigurationFileError


class YamlError(ConfigurationFileError, ValueError):
    """A text is not YAML, or uses a feature of YAML that environment files must not use."""


def read_yaml(text: str) -> Any:
    """Parse a text into mappings, lists, texts, numbers and booleans. Every key is a text.

    Raises YamlError with the number of the line and the reason, but without the text of the line: it may have a secret.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{position}{error.problem}") from None
    except RecursionError:
        raise YamlError("lists and mappings are nested too deep") from None
    except yaml.YAMLError as error:
        raise YamlError(str(error)) from None
    except ValueError as error:
        raise YamlError(f"a number cannot be read: {error}") from None


def read_nodes(text: str) -> yaml.Node | None:
    """Return the nodes of a text that `read_yaml` accepts. They know their lines."""
    return yaml.compose(text, Loader=_Loader)


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys, aliases and tags.

    A key is the text as written: `no:` can be the name of a tenant. A date is a text until its field parses it.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"line {_line(event)}: aliases (*name) are not allowed here")
        if getattr(event, "tag", None):
            raise yaml.YAMLError(f"line {_line(event)}: tags (!name) are not allowed here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.YAMLError(f"line {_line(key_node)}: a key must be a text, not a list or a mapping")
            if key_node.value in keys:
                raise yaml.YAMLError(f"line {_line(key_node)}: the key {key_node.value!r} is a duplicate")
            keys.add(key_node.value)
            key_node.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _line(item: yaml.Event | yaml.Node) -> int:
    return item.start_mark.line + 1 if item.start_mark else 0

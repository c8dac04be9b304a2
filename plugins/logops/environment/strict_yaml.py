"""YAML, strict where it is lenient."""

from typing import Any

import yaml

from logops.environment.errors import ConfigurationFileError


class YamlError(ConfigurationFileError, ValueError):
    """Text that is not YAML, or not of the plain kind that an environment file is written in."""


def read_yaml(text: str) -> Any:
    """Mappings, lists, text, numbers, yes or no: nothing else, and every key is text.

    Raises YamlError with the line and what is wrong there, but without the line itself: a secret may stand in it.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{where}{error.problem}") from None
    except RecursionError:
        raise YamlError("lists and mappings are nested too deep") from None
    except yaml.YAMLError as error:
        raise YamlError(str(error)) from None
    except ValueError as error:
        raise YamlError(f"a number cannot be read: {error}") from None


class _Loader(yaml.SafeLoader):
    """Safe, and strict where YAML is lenient: no duplicate keys, no aliases, no tags; a key is the text it is
    written as (`no:` is a tenant of that name), and a date is text until its field reads it."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"line {_line(event)}: aliases (*name) are not allowed here")
        if getattr(event, "tag", None):
            raise yaml.YAMLError(f"line {_line(event)}: tags (!name) are not allowed here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.YAMLError(f"line {_line(key_node)}: a key is a word, not a list or a mapping")
            if key_node.value in seen:
                raise yaml.YAMLError(f"line {_line(key_node)}: the key {key_node.value!r} stands here twice")
            seen.add(key_node.value)
            key_node.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _line(of: yaml.Event | yaml.Node) -> int:
    return of.start_mark.line + 1 if of.start_mark else 0

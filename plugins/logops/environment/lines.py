"""Find the line of a path in a YAML file: `clusters.main.limits`."""

import yaml


def line_of(document: yaml.Node | None, path: str) -> int | None:
    """Return the line of the last key of `path` that is in the document; None if no key of it is there.

    Keys may contain dots. Parts of the path that are not in the file are passed over: they are missing, or the kind of
    a union.

    >>> document = yaml.compose("name: local\\nclusters:\\n  a.b:\\n    - {mode: x}\\n")
    >>> line_of(document, "clusters.a.b.0.mode"), line_of(document, "clusters.a.b.missing"), line_of(document, "x")
    (4, 3, None)
    """
    line = None
    node, steps = document, path.split(".")
    while steps:
        used = 1
        if isinstance(node, yaml.MappingNode):
            keys = {key.value: (key, value) for key, value in node.value}
            for length in range(len(steps), 0, -1):
                if (name := ".".join(steps[:length])) in keys:
                    key, node = keys[name]
                    line, used = key.start_mark.line + 1, length
                    break
        elif isinstance(node, yaml.SequenceNode) and steps[0].isdecimal() and int(steps[0]) < len(node.value):
            node = node.value[int(steps[0])]
            line = node.start_mark.line + 1
        steps = steps[used:]
    return line

"""Fill in the commands of a remedy, so that a person can paste them.

The remedy of a class names ENV, CLUSTER, TENANT, TABLE and QUERY inside of its commands:
`logops audit explain ENV TABLE TENANT`. A finding about one table and tenant has the names for them.
"""

import re
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logops.findings.model import Subject

_COMMAND = re.compile(r"`[^`]+`")
_PLACEHOLDER = re.compile(r"(?P<option> --[a-z-]+)? (?P<name>ENV|CLUSTER|TENANT|TABLE|QUERY)\b")


def filled_in(remedy: str, subject: "Subject") -> str:
    """Return a remedy whose commands name the subject. A name that the subject lacks is left out, with its option.

    Names are quoted for the shell: the name of a table is the name of a folder in the bucket, which anybody who may
    write to the bucket can choose.

    >>> from logops.findings import Subject
    >>> filled_in("Run `logops audit explain ENV TABLE TENANT`.", Subject(environment="local", table="loki_index_7"))
    'Run `logops audit explain local loki_index_7`.'
    """
    return _COMMAND.sub(lambda command: _command(command[0], subject), remedy)


def _command(command: str, subject: "Subject") -> str:
    values = {
        "ENV": subject.environment,
        "CLUSTER": subject.cluster,
        "TENANT": subject.tenant,
        "TABLE": subject.table,
        "QUERY": subject.query,
    }
    is_complete = True
    """Whether every argument so far has a name: an argument after a missing one would take its place."""

    def value(match: re.Match[str]) -> str:
        nonlocal is_complete
        name = values[match["name"]]
        if match["option"]:
            return f"{match['option']} {quote(name)}" if name else ""
        is_complete = is_complete and bool(name)
        return f" {quote(name)}" if is_complete else ""

    return _PLACEHOLDER.sub(value, command)

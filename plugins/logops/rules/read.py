"""Reads the files of rules."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from logops.environment.typed_file import FileRefused, read_file
from logops.logql.errors import LogQLError
from logops.logql.lint import Advice, Context, lint
from logops.logql.parse import parse
from logops.logql.tree import LogQuery
from logops.rules.model import RuleFile

FOLDER = Path("include/logql/rules")

Rules = Mapping[str, RuleFile]
"""By namespace: the file's name."""


class RulesInvalid(Exception):
    """A file of rules that cannot be used: which, where in it, and why."""


def load_rules(root: Path) -> dict[str, RuleFile]:
    """Every file below the project's root. Raises RulesInvalid."""
    return {path.stem: load_file(path) for path in sorted((root / FOLDER).glob("*.yaml"))}


def load_file(path: Path) -> RuleFile:
    """Raises RulesInvalid."""
    try:
        read = read_file(path, RuleFile, "rules")
    except FileRefused as refused:
        raise RulesInvalid(str(refused)) from None
    for where, expr in expressions(read):
        try:
            tree = parse(expr)
        except LogQLError as error:
            raise RulesInvalid(f"{path}, {where}: {error}\n{error.picture()}") from None
        if isinstance(tree, LogQuery):
            raise RulesInvalid(f"{path}, {where}: a rule needs numbers, and this query answers with lines.")
    return read


def advice(read: RuleFile) -> Iterator[tuple[str, str, Advice]]:
    """What makes its expressions slow or fragile: where, the expression, the advice."""
    for where, expr in expressions(read):
        for found in lint(parse(expr), Context()):
            yield where, expr, found


def expressions(read: RuleFile) -> Iterator[tuple[str, str]]:
    """Each with its path in the file."""
    for g, group in enumerate(read.groups):
        for r, rule in enumerate(group.rules):
            yield f"groups.{g}.rules.{r}.expr", rule.expr

"""Read rule files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from logops.environment.typed_file import FileRefusedError, read_file
from logops.environment.units import Duration
from logops.errors import LogopsError
from logops.logql.errors import LogQLError
from logops.logql.lint.advice import Source
from logops.logql.lint.check import Advice, Context, lint
from logops.logql.parse import parse
from logops.logql.tree import LogQuery, Selector
from logops.logql.walk import all_of
from logops.rules.model import USUAL_INTERVAL, Group, RuleFile

FOLDER = Path("include/logql/rules")

Rules = Mapping[str, RuleFile]
"""By namespace: the file's name."""


class RulesError(LogopsError):
    """A rule file is not usable."""

    needs_a_person = True


def load_rules(root: Path) -> dict[str, RuleFile]:
    """Read every rule file below the project's root. Raises RulesError."""
    return {path.stem: load_file(path) for path in sorted((root / FOLDER).glob("*.yaml"))}


def load_file(path: Path) -> RuleFile:
    """Read a rule file. Raises RulesError."""
    try:
        read = read_file(path, RuleFile, "rules")
    except FileRefusedError as refused:
        raise RulesError(str(refused)) from None
    for path_in_file, _, expr in expressions(read):
        try:
            tree = parse(expr)
        except LogQLError as error:
            raise RulesError(f"{path}, {path_in_file}: {error}\n{error.picture()}") from None
        if isinstance(tree, LogQuery):
            raise RulesError(f"{path}, {path_in_file}: a rule needs numbers, and this query answers with lines.")
    return read


def advice(
    read: RuleFile, usual: Duration = USUAL_INTERVAL, sources: tuple[Source, ...] = ()
) -> Iterator[tuple[str, str, Advice]]:
    """Yield the linter's advice on expressions: path, expression, advice.

    usual     interval of groups without one
    sources   sources of the tenant's lines
    """
    for path_in_file, group, expr in expressions(read):
        step_ns = (group.interval or usual).value * 1_000_000
        for piece in lint(parse(expr), Context(step_ns, sources=sources)):
            yield path_in_file, expr, piece


def unfed(read: RuleFile, sources: tuple[Source, ...]) -> Iterator[tuple[str, str]]:
    """Yield selectors that match none of these sources: path and selector."""
    for path_in_file, _, expr in expressions(read):
        for selector in all_of(parse(expr), Selector):
            if not any(source.may_feed(selector) for source in sources):
                yield path_in_file, expr[slice(*selector.span)]


def expressions(read: RuleFile) -> Iterator[tuple[str, Group, str]]:
    """Yield each expression with its path in the file and its group."""
    for g, group in enumerate(read.groups):
        for r, rule in enumerate(group.rules):
            yield f"groups.{g}.rules.{r}.expr", group, rule.expr

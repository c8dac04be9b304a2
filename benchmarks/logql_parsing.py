"""Parse LogQL: logops' parser against lark's LALR parser, with the same grammar and queries.

    python -m benchmarks.logql_parsing [--rounds 20]

The grammar is benchmarks/logql.lark: all of LogQL with its precedence. tests/unit/logql/test_lark.py checks it with the
corpus. Both parsers return a tree and refuse invalid queries. lark's tree has no values yet, while logops also reads
numbers and escapes and checks regular expressions, so the ratio is in lark's favour. logops compiles a regular
expression once and keeps it: measured are queries with the same expression, and with a new expression each time. Rounds
take turns. Printed are the median, the fastest and the slowest round.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import lark
from rich.console import Console
from rich.table import Table

from logops.logql.parse import parse

QUERIES = (
    '{job="oversight-app"} |= "error" | json | level="error" | line_format "{{.timestamp}} {{.service}} {{.message}}"',
    '{job="oversight-app"} | json | duration > 1000 | line_format "{{.method}} {{.path}} {{.duration}}ms"',
    '{job="oversight-app"} |= "login failed" | json | line_format "{{.timestamp}} {{.ip}} {{.username}}"',
    'rate({job="oversight-app"} |= "HTTP Request" [5m])',
    'sum(rate({job="oversight-app"} |= "error" [5m])) / sum(rate({job="oversight-app"} [5m]))',
    '{job="oversight-app"} |= "Database Query" | json | slow="true" | line_format "{{.query}} {{.duration}}ms"',
    '{container="oversight-api"} |~ "ERROR|FATAL|PANIC" | json | line_format "{{.level}} {{.msg}}"',
    '{job="audit"} | json | action=~"CREATE|UPDATE|DELETE" | line_format "{{.user}} {{.action}} {{.resource}}"',
    'sum by (status) (rate({job="nginx"} | json | __error__="" [5m]))',
    'topk(10, sum by (path) (count_over_time({job="nginx"} | pattern `<_> "<method> <path> <_>" <status> <_>` [1h])))',
    'quantile_over_time(0.99, {job="app"} |= "Query" | json took="d" | unwrap duration(took) [5m]) by (service)',
    '{job="audit"} |~ "unauthorized|forbidden|denied" | json | outcome != "success" and user != "admin"',
)
GRAMMAR = Path(__file__).with_name("logql.lark")
REPEATS = 50
REGEX = "CREATE|UPDATE|DELETE"


def never_seen(count: int) -> tuple[str, ...]:
    """Return the same queries, with a new regular expression in the query that has one."""
    return tuple(query.replace(REGEX, f"{REGEX}|{count}") for query in QUERIES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    lalr = lark.Lark.open(str(GRAMMAR), parser="lalr", lexer="contextual")
    readers: dict[str, Callable[[str], object]] = {"logops": parse, "lark, LALR": lalr.parse}
    known, new = "", ", regular expression new"
    seconds: dict[str, list[float]] = {name + kind: [] for name in readers for kind in (known, new)}
    for query in QUERIES:
        for read in readers.values():
            read(query)
    count = 0
    for _ in range(rounds):
        count += REPEATS
        batches = {known: [QUERIES] * REPEATS, new: [never_seen(count + at) for at in range(REPEATS)]}
        for name, read in readers.items():
            for kind, batch in batches.items():
                started = time.perf_counter()
                for queries in batch:
                    for query in queries:
                        read(query)
                seconds[name + kind].append((time.perf_counter() - started) / REPEATS / len(QUERIES))
    table = Table(box=None, header_style="bold")
    for column in ("", "us a query", "fastest", "slowest", "times"):
        table.add_column(column, justify="right" if column else "left")
    own = statistics.median(seconds["logops"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        figures = (median, min(taken), max(taken))
        table.add_row(name, *(f"{1e6 * figure:.1f}" for figure in figures), f"{median / own:.1f}")
    characters = statistics.mean(map(len, QUERIES))
    Console().print(f"{len(QUERIES)} queries of {characters:.0f} characters on average, {rounds} rounds")
    Console().print(table)
    Console().print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, both together")


if __name__ == "__main__":
    main()

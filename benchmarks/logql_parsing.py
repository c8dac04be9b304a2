"""Reading LogQL: logops' parser against lark's LALR parser, on the same grammar and the same queries.

    python benchmarks/logql_parsing.py [--rounds 20]

Both give a tree and refuse what is no query. lark has no value in its tree yet (numbers, escapes and regular
expressions are read by logops and checked, by lark not), so the ratio is in its favour. Rounds take turns; the figure
is the median of the rounds, with the fastest and the slowest.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

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
GRAMMAR = r"""
start: log | metric
log: selector stage*
selector: "{" matcher ("," matcher)* "}"
matcher: NAME MATCH STRING
stage: (FILTER | MATCH) STRING ("or" STRING)*        -> line_filter
     | "|" "json" (NAME "=" STRING)?                 -> json
     | "|" "logfmt"                                  -> logfmt
     | "|" "pattern" STRING                          -> pattern
     | "|" "line_format" STRING                      -> line_format
     | "|" "unwrap" (NAME | CONVERSION "(" NAME ")") -> unwrap
     | "|" condition                                 -> label_filter
condition: both ("or" both)*
both: one ("and" one)*
one: NAME (MATCH | "=") STRING | NAME COMPARE NUMBER | "(" condition ")"
metric: term (OPERATOR term)*
term: RANGE_OP "(" (NUMBER ",")? log RANGE ")" grouping?
    | VECTOR_OP grouping? "(" (NUMBER ",")? metric ")"
    | NUMBER
    | "(" metric ")"
grouping: ("by" | "without") "(" NAME ("," NAME)* ")"
RANGE_OP.2: "rate" | "count_over_time" | "quantile_over_time" | "bytes_rate" | "sum_over_time" | "avg_over_time"
VECTOR_OP.2: "sum" | "avg" | "min" | "max" | "count" | "topk" | "bottomk"
CONVERSION.2: "duration" | "bytes"
MATCH: "=~" | "!~" | "!=" | "="
FILTER: "|=" | "|~"
COMPARE: ">=" | "<=" | ">" | "<" | "=="
OPERATOR: "+" | "-" | "*" | "/"
RANGE: /\[[0-9a-z]+\]/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /"([^"\\\n]|\\.)*"|`[^`]*`/
%ignore /[ \t\r\n]+/
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    lalr = lark.Lark(GRAMMAR, parser="lalr", lexer="contextual")
    readers: dict[str, Callable[[str], object]] = {"logops": parse, "lark, LALR": lalr.parse}
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for query in QUERIES:
        for read in readers.values():
            read(query)
    for _ in range(rounds):
        for name, read in readers.items():
            started = time.perf_counter()
            for _ in range(50):
                for query in QUERIES:
                    read(query)
            seconds[name].append((time.perf_counter() - started) / 50 / len(QUERIES))
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

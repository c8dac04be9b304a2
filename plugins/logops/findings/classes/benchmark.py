"""Finding classes of the query benchmark."""

from logops.findings.model import FindingClass, Severity

QUERY_FAILING = FindingClass(
    name="query-failing",
    severity=Severity.ERROR,
    meaning="Loki does not answer a query of the library.",
    why="The person who needs it at night gets an error, and dashboards and alerts that use it show nothing.",
    remedy="The message is Loki's own. If a limit was reached, narrow the query or raise the tenant's limit. If it "
    "timed out, `logops bench run ENV --query QUERY` shows how much it reads.",
)
QUERY_OVER_OBJECTIVE = FindingClass(
    name="query-over-objective",
    severity=Severity.WARNING,
    meaning="A query of the library takes longer, or reads more, than its objective allows.",
    why="People on call wait for it, and other queries wait for the bytes that it reads.",
    remedy="`logops logql lint --library --environment ENV` may know a cheaper form. Otherwise look at what grew: "
    "lines, streams, the range. Or change its objective.",
)

QUERY_REGRESSED = FindingClass(
    name="query-regressed",
    severity=Severity.WARNING,
    meaning="A query of the library has been slower than it used to be for at least two nights, beyond its usual "
    "noise and relative to the other queries. If the finding names no query, all queries of the cluster are "
    "slower.",
    why="A slowdown of 20 % that nobody notices becomes a missed objective some months later, and its cause is "
    "then hard to find.",
    remedy="The message says since when and why. `logops bench history ENV --query QUERY` shows it. Look "
    "at what was rolled out then. If the new speed is right, it counts as usual after two weeks, and the "
    "finding disappears.",
)
QUERY_COST_GREW = FindingClass(
    name="query-cost-grew",
    severity=Severity.WARNING,
    meaning="A query of the library has been reading more than it used to for at least two nights.",
    why="Bytes cost processor time in Loki and requests on Azure, even if the query is still fast.",
    remedy="Look for growing logs (`logops audit usage ENV`): a new source, a debug level left on. Otherwise narrow "
    "the query's selector, or record it (include/logql/rules).",
)
BENCHMARK_TOO_NOISY = FindingClass(
    name="benchmark-too-noisy",
    severity=Severity.INFO,
    meaning="A query's times vary so much between nights, relative to the other queries, that a slowdown would not be "
    "noticed soon. If the finding names no query, this is true for all queries of the cluster.",
    why="The absence of a regression finding means little then.",
    remedy="Run the benchmark at a quieter hour, with more rounds (`rounds` of the DAG), or over a longer range.",
)

CLASSES = (QUERY_FAILING, QUERY_OVER_OBJECTIVE, QUERY_REGRESSED, QUERY_COST_GREW, BENCHMARK_TOO_NOISY)

"""Finding classes of the query benchmark."""

from logops.findings.model import FindingClass, Severity

QUERY_FAILING = FindingClass(
    name="query-failing",
    severity=Severity.ERROR,
    meaning="Loki does not answer a query of the library.",
    why="Whoever needs it at night gets an error, and dashboards and alerts made of it are blind.",
    remedy="The message is Loki's own. A limit that is met: narrow the query, or raise the tenant's limit. A timeout: "
    "see `logops bench run --query NAME` for what it reads.",
)
QUERY_OVER_OBJECTIVE = FindingClass(
    name="query-over-objective",
    severity=Severity.WARNING,
    meaning="A query of the library takes longer, or reads more, than its objective says.",
    why="On-call people wait for it, and what one query reads, others wait for.",
    remedy="`logops logql lint` may know a cheaper form. Else look at what grew: lines, streams, the range; or give it "
    "another objective.",
)

QUERY_REGRESSED = FindingClass(
    name="query-regressed",
    severity=Severity.WARNING,
    meaning="A query of the library takes longer than it used to, for two nights or more, beyond its usual noise and "
    "beside the other queries; or, where none is named, all queries of a cluster do.",
    why="What became slower by a fifth unnoticed is over its objective some months later, and nobody knows since when.",
    remedy="The message says since when and why. `logops bench history --query NAME --plot FILE.svg` shows it; look at "
    "what was rolled out then. What is right so has become usual after two weeks, and the finding goes.",
)
QUERY_COST_GREW = FindingClass(
    name="query-cost-grew",
    severity=Severity.WARNING,
    meaning="A query of the library reads more than it used to, for two nights or more.",
    why="Bytes are what Loki's queriers and Azure's requests cost, also where the query is still fast.",
    remedy="See whose logs grew (`logops audit usage`): a new source, a debug level left on. Else narrow the query's "
    "selector, or record it (include/logql/rules).",
)
BENCHMARK_TOO_NOISY = FindingClass(
    name="benchmark-too-noisy",
    severity=Severity.INFO,
    meaning="A query's times, beside those of the others, differ so much from night to night that a slower one would "
    "not be noticed soon; or, where none is named, the times of all queries of a cluster do.",
    why="No finding of a regression says little there.",
    remedy="Run it at a quieter hour, with more rounds (`rounds` of the DAG), or over a longer range.",
)

CLASSES = (QUERY_FAILING, QUERY_OVER_OBJECTIVE, QUERY_REGRESSED, QUERY_COST_GREW, BENCHMARK_TOO_NOISY)

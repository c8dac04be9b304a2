"""What the benchmark of the query library finds."""

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

CLASSES = (QUERY_FAILING, QUERY_OVER_OBJECTIVE)

"""
### Are the queries for people on call still as fast as promised?

- Runs every query of the library (`include/logql/`) on the live cluster in rounds, one at a time, with and without
  Loki's results cache.
- Records every answer's time with Loki's own statistics (kind `query-samples`).
- Protects other users: if Loki answers 429, the benchmark waits. A query is skipped if it may read more than what is
  left of `budget`. No query starts after `minutes`. The environment file (`benchmark`) sets both limits.

### Tasks

- **measure** runs the queries and reports the findings. It is red if a query fails or could not be measured.

### How to read the result

- A query over its objective, slower than it used to be, or reading more is a finding, not a failure. The log of
  `measure` shows it, with the reason from Loki's own statistics.
- If only one query is slower, the finding names it. If all queries are slower, the finding names no query: look at the
  cluster.
- With fewer than 12 comparable nights, no query is compared with its history. `logops bench history` shows every night.

### When a task fails

The note of the run is the result in one line. The log of **measure** starts with it, then lists the findings, then has
one line per query.

#### measure

- **query-failing**: Loki refuses the query or gives up, twice in a row or in 10 % of the runs. The message is Loki's
  own. *Fix it today: somebody will need this query.*
- **check-incomplete**: too few answers to judge. Loki was busy or unreachable, or the budget or the time ran out.
  *Check that the cluster is up and not overloaded. Otherwise raise `budget` or `minutes`, or lower `rounds`.*
- **Measuring ... which is not there**: the environment has no such cluster or tenant. *Choose another query, or fix
  the environment file.*
- Anything else: the message names the environment file, the platform or the results store. *Fix it, then clear the
  task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import Param

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.benchmark import QueryBenchmarkOperator
from logops.airflow.params import MORE, budget_param, environment_param, moment_param, names_param
from logops.airflow.pools import loki_pool
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import NightlyTimetable
from logops.benchmark.request import MOST_ROUNDS, ROUNDS

ENVIRONMENTS = environments(Path(__file__).parents[1])

with scheduled_dag(
    "query_benchmark",
    name="Query benchmark",
    description="Every night: are the queries of the library as fast as promised, and as fast as before?",
    doc_md=__doc__,
    # After the audits.
    schedule=NightlyTimetable(4, nightly(ENVIRONMENTS)),
    tags={Tag.BENCHMARK, Tag.LOKI, Tag.NIGHTLY},
    params={
        "environment": environment_param(ENVIRONMENTS, nightly(ENVIRONMENTS), "The environment to measure"),
        "queries": names_param(
            "Only these queries", "One name per line; `logops query --list` shows the names. Empty: all queries."
        ),
        "rounds": Param(
            ROUNDS,
            type="integer",
            minimum=1,
            maximum=1000,
            title="Rounds",
            description="How often each query runs.",
            section=MORE,
        ),
        "most_rounds": Param(
            MOST_ROUNDS,
            type="integer",
            minimum=1,
            maximum=1000,
            title="Rounds at most",
            description="How often a query may run if its times vary a lot.",
            section=MORE,
        ),
        "ranges": names_param(
            "Additional time ranges",
            "Each query runs over these ranges as well. One per line: a number and h (hours) or d (days). "
            "Empty: as in the environment file.",
            section=MORE,
        ),
        "budget": budget_param(),
        "minutes": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=50,
            title="Time limit in minutes",
            description="No query starts after this time. Empty: as in the environment file.",
            section=MORE,
        ),
        "concurrency": Param(
            1,
            type="integer",
            minimum=1,
            maximum=32,
            title="Queries at the same time",
            description="With more than 1, the queries slow each other down: use it to measure a busy cluster.",
            section=MORE,
        ),
        "as_of": moment_param("End of the time ranges", "Every query asks for the time before this moment"),
    },
    retries=1,
    time_limit=timedelta(hours=1),
) as dag:
    QueryBenchmarkOperator(
        task_id="measure",
        pool=loki_pool(),
        environment="{{ params.environment }}",
        queries="{{ params.queries }}",
        rounds="{{ params.rounds }}",
        most_rounds="{{ params.most_rounds }}",
        ranges="{{ params.ranges }}",
        budget="{{ params.budget }}",
        minutes="{{ params.minutes }}",
        concurrency="{{ params.concurrency }}",
        as_of="{{ params.as_of }}",
    )

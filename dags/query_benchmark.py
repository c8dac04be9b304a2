"""
### Are the queries for people on call still as fast as promised?

Runs every query of the library (`include/logql/`) on the live cluster in rounds, one at a time, with and without
Loki's results cache. Records every answer's time with Loki's own statistics (kind `query-samples`). A query
is skipped if it may read more than what is left of `budget`. No query starts after `minutes`. If Loki answers 429,
the benchmark waits, so that it does not disturb other users. The environment file (`benchmark`) sets both limits and
the additional ranges.

A query over its objective, slower than it used to be, or reading more is a finding, not a failure. The log of
`measure` shows it, with the reason from Loki's own statistics. If only one query is slower, the finding names it. If
all queries are slower, the finding names no query: look at the cluster. `logops bench history` shows every night. With
fewer than 12 comparable nights, no query is compared with its history.

### When a task fails

**measure** Its log has one line per query.

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

from airflow.sdk import DAG, Param

from logops.airflow.nightly import environments, every_night, nightly
from logops.airflow.operators.benchmark import QueryBenchmarkOperator
from logops.airflow.tags import Tag
from logops.benchmark.request import MOST_ROUNDS, ROUNDS

ENVIRONMENTS = environments(Path(__file__).parents[1])

with DAG(
    dag_id="query_benchmark",
    doc_md=__doc__,
    # After the audits.
    schedule=every_night(4),
    catchup=False,
    max_active_runs=1,
    tags={Tag.BENCHMARK, Tag.LOKI},
    params={
        "environment": Param(
            nightly(ENVIRONMENTS), type="string", enum=ENVIRONMENTS, description="The environment to measure."
        ),
        "queries": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Measure only these queries, for example: errors. Empty: all queries.",
        ),
        "rounds": Param(ROUNDS, type="integer", minimum=1, maximum=1000, description="Rounds per query."),
        "most_rounds": Param(
            MOST_ROUNDS,
            type="integer",
            minimum=1,
            maximum=1000,
            description="Maximum number of rounds for a query whose times vary.",
        ),
        "ranges": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Additional ranges, for example: 24h. null: those of the environment file. []: none.",
        ),
        "budget": Param(
            None,
            type=["null", "string"],
            description="Bytes that Loki may read in the whole run, such as 20GiB. Empty: as in the environment file.",
        ),
        "minutes": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=50,
            description="Time limit of the whole run. Empty: as in the environment file.",
        ),
        "concurrency": Param(
            1, type="integer", minimum=1, maximum=32, description="Queries that run at the same time."
        ),
        "as_of": Param(
            None, type=["null", "string"], format="date-time", description="The end of every range. Empty: now."
        ),
    },
    default_args={
        "owner": "log-platform",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=1),
    },
) as dag:
    QueryBenchmarkOperator(
        task_id="measure",
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

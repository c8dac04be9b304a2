"""
### Are the queries that people need at night still as fast as was promised?

Asks the live cluster every query of the library (`include/logql/`) in rounds, one at a time, with and past Loki's cache
of results, and keeps every answer's time with Loki's own statistics as a result, kind `query-samples`. It asks nothing
that may read more than is left of `budget`, and nothing after `minutes`, so that production is not crowded out, and
backs off where Loki says 429. Over which ranges besides a query's own, and the two limits, the environment's file says
(`benchmark`).

What is over its objective, slower than it used to be or reads more is a finding, and no failure: the log of `measure`
has it, with the reason as far as Loki's own statistics tell it. One query is slower beside the others; where all are,
the finding names none, and the cluster is what to look at. `logops bench history` shows night after night. Until
there are 12 nights under the same configuration, or since a query became faster, nothing is said of the history.

### When a task fails

**measure** Its log has a line a query.

- **query-failing**: Loki refuses a query or gives it up, twice in a row or one time in ten; the message is Loki's own.
  *Today: somebody will need it.*
- **check-incomplete**: too few answers to judge; Loki was busy or not there, or the budget of bytes or minutes was
  spent. *See whether the cluster is up, and not overloaded; else raise `budget` or `minutes`, or lower `rounds`.*
- **Measuring ... which is not there**: the query is for a cluster or tenant that the environment does not have. *Name
  another, or mend the environment's file.*
- Anything else is the environment's file, the platform or the results store, as the message says. *Mend it, clear the
  task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from logops.airflow.nightly import environments, every_night, nightly
from logops.airflow.operators.benchmark import QueryBenchmarkOperator
from logops.airflow.tags import Tag
from logops.benchmark.asked import MOST_ROUNDS, ROUNDS

ENVIRONMENTS = environments(Path(__file__).parents[1])

with DAG(
    dag_id="query_benchmark",
    doc_md=__doc__,
    # When the audits are over.
    schedule=every_night(4),
    catchup=False,
    max_active_runs=1,
    tags={Tag.BENCHMARK, Tag.LOKI},
    params={
        "environment": Param(nightly(ENVIRONMENTS), type="string", enum=ENVIRONMENTS, description="What to measure."),
        "queries": Param(
            None, type=["null", "array"], items={"type": "string"}, description="Only these (errors); empty: all."
        ),
        "rounds": Param(ROUNDS, type="integer", minimum=1, maximum=1000, description="How often each is measured."),
        "most_rounds": Param(
            MOST_ROUNDS,
            type="integer",
            minimum=1,
            maximum=1000,
            description="Up to so often where answers differ much.",
        ),
        "ranges": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Also over so long (24h); null: as the environment says; []: over none.",
        ),
        "budget": Param(
            None,
            type=["null", "string"],
            description="Bytes that Loki may read for all of it (20GiB); empty: as the environment says.",
        ),
        "minutes": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=50,
            description="That all of it may take; empty: as the environment says.",
        ),
        "concurrency": Param(1, type="integer", minimum=1, maximum=32, description="Queries at a time."),
        "as_of": Param(
            None, type=["null", "string"], format="date-time", description="Where every range ends; empty: now."
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

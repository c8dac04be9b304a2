"""
### Do all logs arrive: complete, on time, and in shape?

- Checks every source of the environment against what the environment file declares (`expect`, `expect_every`): silence,
  gaps, lines that do not parse, labels, and what agents and Loki count as refused or lost.
- A consequence is not listed beside its cause: an agent that is down explains its silent sources.
- Protects the cluster: the index is asked before each query. A query that may read more than what is left of the budget
  is not sent, and is reported as incomplete. The environment file (`quality`) sets interval, window and budget.

### Tasks

- **check** measures, judges and records. It is red if an error was found, or if something could not be checked.

### How to read the result

- The note of the run is the result in one line, with the load that the run put on Loki.
- The log of **check** starts with that line, then has each finding with what to do, then one line per source.
- `logops quality show ENV` shows the same at the terminal.

### When a task fails

#### check

- **agent-down**, **source-silent**: logs are missing now. *Fix it first: the message names the agent or the source.*
- **samples-discarded**: Loki refuses lines. *The reason names the limit.*
- **check-incomplete**: Loki or a process did not answer, or a query was too expensive. *The state of what was not
  checked is unknown. The message says what to do.*
- Anything else: the message names the environment file, the platform or the results store. *Fix it, then clear the
  task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import Param

from logops.airflow.nightly import environments, nightly, quality_minutes
from logops.airflow.operators.quality import IngestionQualityOperator
from logops.airflow.params import budget_param, environment_param, moment_param
from logops.airflow.pools import loki_pool
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import EveryMinutesTimetable

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = environments(ROOT)
DEFAULT = nightly(ENVIRONMENTS)

with scheduled_dag(
    "ingestion_quality",
    name="Ingestion quality",
    description="Several times an hour: do the logs of every source arrive, complete, on time, and in shape?",
    doc_md=__doc__,
    schedule=EveryMinutesTimetable(quality_minutes(ROOT, DEFAULT), DEFAULT),
    tags={Tag.LOKI, Tag.QUALITY},
    params={
        "environment": environment_param(ENVIRONMENTS, DEFAULT, "The environment to check"),
        "window": Param(
            None,
            type=["null", "string"],
            title="Checked time",
            description="How long before the end lines are checked: a number and m (minutes) or h (hours). "
            "Empty: as in the environment file.",
        ),
        "budget": budget_param(),
        "as_of": moment_param("End of the checked time", "Lines before this moment are checked"),
    },
    retries=1,
    time_limit=timedelta(minutes=10),
) as dag:
    IngestionQualityOperator(
        task_id="check",
        pool=loki_pool(),
        environment="{{ params.environment }}",
        window="{{ params.window }}",
        budget="{{ params.budget }}",
        as_of="{{ params.as_of }}",
    )

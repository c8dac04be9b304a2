"""
### Move blobs between tiers on Azurite

- A local platform keeps its blobs on Azurite, which has no lifecycle management. This DAG applies the policy that the
  storage stage rolled out, with Azure's rules, so that tiers and audits behave as on Azure.
- Azure applies its policies itself. For an environment on Azure, the task is skipped.

### Tasks

- **carry_out** moves and deletes the blobs that are due.

### When a task fails

#### carry_out

- The message names the policy, the platform or the storage account. Nothing is lost: the next run moves what was not
  moved. *Fix the cause, then clear the task.*
"""

from datetime import timedelta
from pathlib import Path

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.lifecycle import LifecycleOperator
from logops.airflow.params import environment_param, moment_param
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import NightlyTimetable

ENVIRONMENTS = environments(Path(__file__).parents[1])

with scheduled_dag(
    "storage_lifecycle",
    name="Storage lifecycle on Azurite",
    description="Every night, on a local platform only: move blobs to cooler tiers and delete them, as Azure would.",
    doc_md=__doc__,
    # Before the audits check the tiers.
    schedule=NightlyTimetable(1, nightly(ENVIRONMENTS)),
    tags={Tag.LOKI, Tag.NIGHTLY, Tag.STORAGE},
    params={
        "environment": environment_param(
            ENVIRONMENTS,
            nightly(ENVIRONMENTS),
            "The environment whose policies are applied. Skipped on Azure, which applies its rules itself",
        ),
        "as_of": moment_param("Age of blobs at", "The ages of the blobs are counted up to this moment"),
    },
    retries=2,
    time_limit=timedelta(hours=1),
) as dag:
    LifecycleOperator(task_id="carry_out", environment="{{ params.environment }}", as_of="{{ params.as_of }}")

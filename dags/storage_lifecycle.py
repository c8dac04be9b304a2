"""
### Move blobs between tiers on Azurite

A local platform keeps its blobs on Azurite, which has no lifecycle management. This DAG applies the policy that the
storage stage rolled out, with Azure's rules, so that tiers and audits behave as on Azure. Azure applies its policies
itself: for such an environment, the task is skipped.

### When a task fails

**carry_out** The message names the policy, the platform or the storage account. Nothing is lost: the next run moves
what was not moved. *Fix the cause, then clear the task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param

from logops.airflow.nightly import environments, every_night, nightly
from logops.airflow.operators.lifecycle import LifecycleOperator
from logops.airflow.tags import Tag

ENVIRONMENTS = environments(Path(__file__).parents[1])

with DAG(
    dag_id="storage_lifecycle",
    doc_md=__doc__,
    # Before the audits check the tiers.
    schedule=every_night(1),
    catchup=False,
    max_active_runs=1,
    tags={Tag.STORAGE},
    params={
        "environment": Param(
            nightly(ENVIRONMENTS),
            type="string",
            enum=ENVIRONMENTS,
            description="The environment whose policies are applied. Skipped on Azure, which applies its rules itself.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="The time at which the ages of blobs are computed. Empty: now.",
        ),
    },
    default_args={
        "owner": "log-platform",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=1),
    },
) as dag:
    LifecycleOperator(task_id="carry_out", environment="{{ params.environment }}", as_of="{{ params.as_of }}")

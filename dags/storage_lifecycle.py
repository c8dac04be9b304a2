"""
### Move blobs from tier to tier, where nothing else does

A local platform keeps its blobs on Azurite, which has no lifecycle management. This carries out the policy that the
storage stage applied, by Azure's rules, so that tiers, and what the audits say of them, are as on Azure. Azure does it
itself: for an environment that is there, the task is skipped.

### When a task fails

**carry_out** The policy, the platform or a storage account, as the message says. Nothing is lost: what was not moved
is moved the next time. *Mend it, clear the task.*
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
    # Before the audits look at the tiers.
    schedule=every_night(1),
    catchup=False,
    max_active_runs=1,
    tags={Tag.STORAGE},
    params={
        "environment": Param(
            nightly(ENVIRONMENTS), type="string", enum=ENVIRONMENTS, description="Whose policies to carry out."
        ),
        "as_of": Param(
            None, type=["null", "string"], format="date-time", description="The moment that ages are counted to."
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

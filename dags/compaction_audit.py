"""
### Is every table compacted?

Reads the names of all index files in the bucket, opens every one, and asks Loki's processes: what the compactor
should have joined, what it left, what it cannot read. Changes nothing.

**list** reads the containers and cuts the tables into batches. **judge** opens a batch's index files; it runs once a
batch, and clearing one repeats only that. **reduce** says what is wrong, keeps it as a result, and is red where a
promise is broken or could not be checked.

### When a task fails

**reduce** Its log names every finding, worst first, with what to do; docs/findings.md has the long form.

- **compaction-stalled**, **compactor-count**: nothing is joined, so nothing expires. *Today.*
- **index-corrupt**: queries of that day fail, and the compactor stops at it. *Now.*
- **ingester-not-uploading**: its logs are lost if its disk goes. *Now.*
- **table-without-schema**: a table that Loki neither serves nor expires. *Today.*
- **check-incomplete**: something could not be read; that is no pass. *Mend what it names, clear `list`.*

**list** or **judge** red: the environment's file, the platform or the results store, as the message says. *Mend it,
clear the task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, TriggerRule

from logops.airflow.nightly import environments, every_night, nightly
from logops.airflow.operators.audit import AuditJudgeOperator, AuditListOperator, AuditReduceOperator
from logops.airflow.tags import Tag

ENVIRONMENTS = environments(Path(__file__).parents[1])
ASKED = {
    "checks": ["compaction-audit"],
    "environment": "{{ params.environment }}",
    "tables": "{{ params.tables }}",
    "as_of": "{{ params.as_of }}",
}

with DAG(
    dag_id="compaction_audit",
    doc_md=__doc__,
    schedule=every_night(2),
    catchup=False,
    max_active_runs=1,
    tags={Tag.AUDIT, Tag.LOKI, Tag.STORAGE},
    params={
        "environment": Param(nightly(ENVIRONMENTS), type="string", enum=ENVIRONMENTS, description="What to audit."),
        "tables": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="Only these (loki_index_20780); empty: all. Not compared with the nightly runs then.",
        ),
        "as_of": Param(
            None, type=["null", "string"], format="date-time", description="The moment to judge at; empty: now."
        ),
    },
    default_args={
        "owner": "log-platform",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=1),
    },
) as dag:
    listed = AuditListOperator(task_id="list", **ASKED)
    judged = AuditJudgeOperator.partial(task_id="judge", max_active_tis_per_dagrun=16, **ASKED).expand(
        batch=listed.output
    )
    # Also where a batch could not be judged: what is known must be told, and what is not known too.
    reduced = AuditReduceOperator(task_id="reduce", batches=listed.output, trigger_rule=TriggerRule.ALL_DONE, **ASKED)
    judged >> reduced

"""
### Is the content of every chunk what Loki wrote?

- Reads chunks and verifies every checksum, and the number and times of the lines that the index lists.
- Reads the next part every night, so that every chunk is read once in 30 days (`audit.content.cover_within`).
- Never reads more than the budget (`audit.content.budget`).
- With *Tables* or *Tenant*, reads all their chunks. Such a run is not recorded.
- Counts chunks in the Archive tier, and does not read them. Changes nothing.

### Tasks

- **list** reads the containers and chooses the chunks. Its log says how much will be read, and its price.
- **verify** reads the chunks of one batch. Clear one to repeat only that batch.
- **reduce** reports and records the findings and the coverage. It is red if a chunk is damaged or could not be read.

### When a task fails

The note of the run is the result in one line. The log of **reduce** starts with it, then lists every finding, worst
first, with what to do. The tab *Details* of a task has a button *Runbook*. The results store has the names
of all damaged chunks, kind `faulty-chunks`.

#### reduce

- **chunk-corrupt**, **chunk-empty**: the lines of a chunk are lost. A version or a copy may have them. *Fix it now.*
- **index-misplaced**, **index-corrupt**: queries of that day miss logs or fail. *Restore the file now.*
- **check-incomplete**: something could not be read, so it was not checked. *Fix what it names, then clear `list`.*

#### list or verify

- The message names the environment file, the platform or the results store. *Fix it, then clear the task.*

### Commands

- `logops audit content ENV --plan` shows what the next run would read.
- `logops audit content ENV --table TABLE --tenant TENANT` reads all chunks of a tenant in a table.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Param, TriggerRule

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.content import ContentPlanOperator, ContentReduceOperator, ContentVerifyOperator
from logops.airflow.params import MORE, budget_param, environment_param, moment_param, names_param
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import NightlyTimetable

names = environments(Path(__file__).parents[1])

with scheduled_dag(
    "content_audit",
    name="Content audit",
    description="Every night: is the content of the stored chunks what Loki wrote?",
    doc_md=__doc__,
    schedule=NightlyTimetable(5, nightly(names)),
    tags={Tag.AUDIT, Tag.LOKI, Tag.NIGHTLY, Tag.STORAGE},
    params={
        "environment": environment_param(names, nightly(names), "The environment to audit"),
        "tables": names_param(
            "All chunks of these tables",
            "One name per line: loki_index_ and the number of the day. Empty: the next part of all tables.",
            section=MORE,
        ),
        "tenant": Param(
            None,
            type=["null", "string"],
            title="All chunks of this tenant",
            description="Empty: the next part of all tenants.",
            section=MORE,
        ),
        "budget": budget_param(),
        "as_of": moment_param("Judge at", "Chunks that were written later are not read"),
    },
    retries=2,
    time_limit=timedelta(hours=1),
) as dag:
    request: dict[str, Any] = {
        name: f"{{{{ params.{name} }}}}" for name in ("environment", "tables", "tenant", "budget", "as_of")
    }
    listed = ContentPlanOperator(task_id="list", **request)
    verified = ContentVerifyOperator.partial(task_id="verify", max_active_tis_per_dagrun=8, **request).expand(
        batch=listed.output
    )
    # Runs even if a batch could not be read: known findings must be reported, and so must the missing part.
    reduced = ContentReduceOperator(
        task_id="reduce",
        batches=listed.output,  # type: ignore[arg-type]
        trigger_rule=TriggerRule.ALL_DONE,
        **request,
    )
    verified >> reduced

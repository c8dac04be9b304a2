"""
### Is every table compacted?

- Lists all index files in the bucket, reads every file, and asks Loki's processes.
- Reports tables that the compactor did not compact in time, and files that cannot be read.
- Changes nothing.

### Tasks

- **list** reads the containers and splits the tables into batches.
- **judge** opens the index files of one batch. Clear one to repeat only that batch.
- **reduce** reports and records the findings. It is red if a promise is broken or could not be checked.

### When a task fails

The note of the run is the result in one line. The log of **reduce** starts with it, then lists every finding, worst
first, with what to do. The tab *Details* of a task has a button *Runbook*.

#### reduce

- **compaction-stalled**, **compactor-count**: nothing is compacted, so nothing expires. *Fix it today.*
- **index-corrupt**: queries of that day fail, and the compactor stops at this file. *Fix it now.*
- **index-misplaced**: queries of that day miss a tenant's logs, without an error. *Restore the file now.*
- **ingester-not-uploading**: its logs are lost if its disk is lost. *Fix it now.*
- **table-without-schema**: Loki neither serves nor expires this table. *Fix it today.*
- **check-incomplete**: something could not be read, so it was not checked. *Fix what it names, then clear `list`.*

#### list or judge

- The message names the environment file, the platform or the results store. *Fix it, then clear the task.*
"""

from pathlib import Path

from logops.airflow.audit_dag import audit_dag

dag = audit_dag(
    "compaction_audit",
    name="Compaction audit",
    description="Every night: is every table compacted and readable, and does the compactor work?",
    doc_md=__doc__,
    checks=["compaction-audit"],
    hour=2,
    project=Path(__file__).parents[1],
)

"""
### Are all logs kept as long as promised, no longer, and in the promised tier?

- Reads the names of all blobs and every index file, and joins both chunk by chunk.
- Compares the result with the declared retention and with the retention that Loki applies.
- Changes nothing.

### Tasks

- **list** reads the containers and splits the tables into batches.
- **judge** joins the chunks and index entries of one batch. Clear one to repeat only that batch.
- **reduce** reports and records the findings. It is red if a promise is broken or could not be checked.

### When a task fails

The note of the run is the result in one line. The log of **reduce** starts with it, then lists every finding, worst
first, with what to do. The tab *Details* of a task has a button *Runbook*. The results store has the names
of all faulty chunks, kind `faulty-chunks`.

#### reduce

- **chunk-missing**, **retention-undershoot**: logs are lost. Soft delete may still have them. *Fix it now.*
- **index-lost**, **index-misplaced**: the chunks are there, and no query finds them. *Restore the index file now.*
- **chunk-empty**, **chunk-corrupt**: the lines of a chunk are lost. A version or a copy may have them. *Fix it now.*
- **chunk-archived**: queries of that day fail until the chunk is rehydrated. *Fix it now.*
- **retention-overshoot**, **delete-request-stuck**: somebody was promised that these lines are deleted. *Fix it today.*
- **retention-not-effective**: Loki applies other limits than declared. *Fix it today, before it deletes.*
- **index-tiered**, **lifecycle-policy-drift**: costs money now, and breaks queries later. *Fix it this week.*
- **check-incomplete**: something could not be read, so it was not checked. *Fix what it names, then clear `list`.*

#### list or judge

- The message names the environment file, the platform or the results store. *Fix it, then clear the task.*

### Commands

- `logops audit explain ENV` shows the tables of each tenant by phase, and what blocks them.
- `logops audit explain ENV TABLE` shows one table.
"""

from pathlib import Path

from logops.airflow.audit_dag import audit_dag

dag = audit_dag(
    "retention_audit",
    name="Retention and tier audit",
    description="Every night: is every log kept as long as promised, then deleted, and in the right tier until then?",
    doc_md=__doc__,
    checks=["retention-audit", "tiering-audit"],
    hour=3,
    project=Path(__file__).parents[1],
)

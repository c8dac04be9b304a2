"""
### Is what runs what was approved?

- Compares the live system with what the environment file renders: files, processes and versions, what Loki, the agents
  and Alertmanager run with, tenant limits, rings, rules, containers and who may read them.
- Compares the DAG files and the package that Airflow runs with the checkout.
- Changes nothing. Every difference is looked at twice, five seconds apart.

### Tasks

- **compare** reads, judges and records. It is red if something differs that nobody accepted, or if something could not
  be compared. It is skipped while a rollout is changing the environment.

### How to read the result

- The note of the run is the result in one line.
- The log of **compare** has each difference with its diff (`-` is live, `+` is declared), who changed it if that is
  known, and what to do.
- `logops drift ENV` shows the same at the terminal.

### When a task fails

#### compare

- **config-drift**, **rule-drift**, **agent-drift**: somebody changed something by hand, or changed the environment file
  and did not roll it out. *Read the diff and ask the person. To go back, press the button* Roll out *of the task: the
  form has the environment and the stages that differ.*
- **container-public**: logs can be read without a login. *Make the container private now.*
- **limit-not-effective**, **version-skew**: a process does not apply what its file says, or runs another program. *The
  message names the process.*
- **check-incomplete**: something did not answer. *Whether it drifted is unknown. The message says what to look at.*
- Anything else: the message names the environment file, the platform or the results store. *Fix it, then clear the
  task.*

### To leave a difference for some days

- `logops findings accept ENV config-drift --path FILE --for 7d --why REASON`: the run is green, and the difference is
  still shown.
"""

from datetime import timedelta
from pathlib import Path

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.drift import DriftOperator
from logops.airflow.params import environment_param
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import EveryMinutesTimetable

DAGS = Path(__file__).parent
ENVIRONMENTS = environments(DAGS.parent)
DEFAULT = nightly(ENVIRONMENTS)

with scheduled_dag(
    "drift_watch",
    name="Drift watch",
    description="Every hour: is what runs what the environment file says and a person approved?",
    doc_md=__doc__,
    schedule=EveryMinutesTimetable(60, DEFAULT),
    tags={Tag.AUDIT, Tag.LOKI},
    params={"environment": environment_param(ENVIRONMENTS, DEFAULT, "The environment to compare")},
    retries=1,
    time_limit=timedelta(minutes=10),
) as dag:
    DriftOperator(task_id="compare", environment="{{ params.environment }}", dags=str(DAGS))

"""
### Who must know, and is it fixed?

- Sends what the newest run of every check found to Alertmanager, which tells people. An alert is active until a later
  run that covered its subject no longer has the finding. Then it is resolved.
- A check that has not completed when it should is an alert as well (`check-overdue`), unless its DAG is paused.
- What the restarts of a rollout cause is no alert until 45 minutes after it (`alerts.rollout_grace`).
- Findings about security clusters go to the Alertmanager of security, and nowhere else.
- Sends the whole state every time: a repeated run changes nothing, and what could not be sent is sent by the next run.

### Tasks

- **send** reads the results store and writes to every Alertmanager. It is red if one accepts nothing, or if a check is
  overdue.

### How to read the result

- The note of the run says how many alerts are active, how many were resolved, and how many a rollout mutes.
- `logops alerts list ENV` shows the alerts, whom they reached, and what is silenced.

### When a task fails

#### send

- **alerts-undelivered**: an Alertmanager does not answer or refuses. *Start it, or correct `alerts` in the environment
  file. Nothing is lost.*
- **check-overdue**: a check did not run. *The message names it: look at its DAG.*
- Anything else: the message names the environment file, the platform or the results store. *Fix it. The next run
  sends everything.*
"""

from datetime import timedelta
from pathlib import Path

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.alerts import AlertDeliveryOperator
from logops.airflow.params import environment_param
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import EveryMinutesTimetable

ENVIRONMENTS = environments(Path(__file__).parents[1])
DEFAULT = nightly(ENVIRONMENTS)

with scheduled_dag(
    "alert_delivery",
    name="Alert delivery",
    description="Every five minutes: tell people what the checks found, and what is fixed.",
    doc_md=__doc__,
    schedule=EveryMinutesTimetable(5, DEFAULT),
    tags={Tag.ALERTS, Tag.LOKI},
    params={"environment": environment_param(ENVIRONMENTS, DEFAULT, "The environment whose findings are sent")},
    retries=1,
    time_limit=timedelta(minutes=4),
) as dag:
    AlertDeliveryOperator(
        task_id="send",
        environment="{{ params.environment }}",
        paused_checks="{{ dag_run.conf.get('paused_checks', []) }}",
    )

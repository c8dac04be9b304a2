"""
### Roll an environment out, stage by stage

- **plan** compares the environment file with the live state: what changes for the owners of logs, which logs are
  deleted, what restarts.
- **approval** waits for a person who approves that.
- Each stage is applied and then verified on the running system: **storage**, **loki**, **agents**, **tenants**,
  **rules**.
- **roll_back** runs if a stage fails. It rolls back everything that this run applied, last stage first. Stored logs are
  never deleted.
- **summary** runs last, prints the result of every task, and records who approved which plan. It is red if anything
  failed.

The note of the run is the result in one line. When the first rollout has succeeded, the nightly DAGs are switched on.

### What is normal

- These tasks are skipped: stages that were not chosen, the approval if `auto_approve` is on, and everything except
  `summary` if nothing changes.
- A run waits in `approval` until somebody answers under *Required Actions*.
- A second run waits until the first has ended.
- If Airflow restarts during a run, you need to do nothing. Airflow retries the killed task, and the task resumes.
- A task that failed is not retried.

### When a task fails

`summary` repeats the message of each failed task: what was found, and what to do.

#### plan

- The environment file is not valid, its platform cannot be reached, or `auto_approve` is on although the environment
  requires approval. Nothing was changed. *Fix what the message names (`logops check ENV` shows everything), then
  trigger again.*
- A mark refuses the plan: on Kubernetes, an immutable field, a field that somebody else owns, or a change that the API
  server could not try. Nothing was changed. *Do what the mark says. Some marks can be accepted, as a finding.*
- A critical finding refuses the plan (the rules of `logops check`). Nothing was changed. *Fix it. To accept it,
  write its class and the reason into `accept`: `retention-short: REASON`.*

#### approval

- Somebody rejected the plan, nobody answered in time, or the person who answered is not one of the environment's
  approvers. Nothing was changed. *Talk to that person; trigger again for a new plan.*

#### STAGE.apply

- *Refused*: nobody approved this plan, or the file or the live state has changed since. *Trigger again.*
- *Lease*: another rollout is running. *Wait for the run in the message. If it is a dead run of Airflow: `logops unlock
  ENV --owner RUN`. The lease of a dead `logops up` is taken over at once.*
- *storing the rule group*: Loki refuses a rule; the message is Loki's own. *Fix the file in include/logql/rules
  (`logops rules check`), then trigger again.*
- Anything else: a process did not start; its last log lines are in the message. *Fix the cause, then trigger again.*

#### STAGE.verify

- The stage runs but does not work correctly. The message names each failed verification. *Read the message, then use
  `logops status ENV` and `logops logs ENV PROCESS`.*

#### roll_back

- Call the person on duty: the environment is neither in its old state nor in the new one. Logs are still accepted if
  `logops status ENV` shows distributors and ingesters ready. *Fix what the message names, then roll out the last good
  file.*

#### summary and nothing else

- The rollout succeeded, but its result could not be recorded. *Check `results` in the environment file, then clear this
  task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from logops.airflow.nightly import environments
from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.airflow.operators.plan import RolloutPlanOperator
from logops.airflow.operators.roll_back import RolloutRollBackOperator
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.airflow.operators.summary import RolloutSummaryOperator
from logops.airflow.params import environment_param
from logops.airflow.tags import Tag
from logops.stages import STAGES

ENVIRONMENTS = environments(Path(__file__).parents[1])

ENVIRONMENT = "{{ params.environment }}"
PLAN = "{{ ti.xcom_pull(task_ids='plan', key='plan') }}"
DIGEST = "{{ ti.xcom_pull(task_ids='plan', key='plan')['digest'] }}"
APPROVED = "{{ ti.xcom_pull(task_ids='approval', key='approved') }}"

with DAG(
    dag_id="rollout",
    dag_display_name="Rollout",
    description="Bring an environment to what its file says: plan, approve, apply, verify; roll back if a stage fails.",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags={Tag.LOKI, Tag.ROLLOUT},
    params={
        "environment": environment_param(
            ENVIRONMENTS,
            "local" if "local" in ENVIRONMENTS else ENVIRONMENTS[0],
            "The environment to roll out.",
        ),
        "stages": Param(
            list(STAGES),
            type="array",
            items={"type": "string", "enum": list(STAGES)},
            examples=list(STAGES),
            minItems=1,
            uniqueItems=True,
            title="Stages",
            description="The stages to roll out, always in this order.",
        ),
        "auto_approve": Param(
            False,
            type="boolean",
            title="Roll out without asking",
            description="Off: the run waits until a person approves the plan. "
            "On: refused if the environment requires approval.",
        ),
        "accept": Param(
            "",
            type=["string", "null"],
            format="multiline",
            title="Critical findings to accept",
            description="One per line: the class of the finding, a colon, and the reason, which is recorded. "
            "Empty: a critical finding refuses the rollout.",
        ),
    },
    default_args={
        "owner": "log-platform",
        # For tasks that were killed; a task that failed is not retried. A restarted Airflow may use up some retries
        # before its API server answers.
        "retries": 4,
        "retry_delay": timedelta(seconds=10),
        "execution_timeout": timedelta(minutes=15),
    },
) as dag:
    plan = RolloutPlanOperator(
        task_id="plan",
        environment=ENVIRONMENT,
        stages="{{ params.stages }}",
        auto_approve="{{ params.auto_approve }}",
    )
    approval = RolloutApprovalOperator(
        task_id="approval",
        environment=ENVIRONMENT,
        digest=DIGEST,
        subject="Roll out {{ params.environment }}",
        body="{{ ti.xcom_pull(task_ids='plan', key='markdown') }}",
    )
    before = plan >> approval
    for stage in STAGES:
        with TaskGroup(stage):
            apply = RolloutApplyOperator(
                task_id="apply",
                stage=stage,
                environment=ENVIRONMENT,
                plan=PLAN,
                approved=APPROVED,
                trigger_rule=TriggerRule.NONE_FAILED,  # Also run after a skipped stage or approval.
                execution_timeout=timedelta(minutes=30),
            )
            verify = RolloutVerifyOperator(task_id="verify", stage=stage, environment=ENVIRONMENT)
        before = before >> apply >> verify
    # A failure is passed on along the line: after it, every task up to the last `verify` is `upstream_failed`.
    roll_back = RolloutRollBackOperator(
        task_id="roll_back",
        environment=ENVIRONMENT,
        plan=PLAN,
        trigger_rule=TriggerRule.ONE_FAILED,
        execution_timeout=timedelta(minutes=30),
    )
    summary = RolloutSummaryOperator(
        task_id="summary",
        environment=ENVIRONMENT,
        plan=PLAN,
        approved=APPROVED,
        trigger_rule=TriggerRule.ALL_DONE,
    )
    before >> roll_back >> summary

"""
### Roll an environment out, stage by stage

`plan` compares the environment's file with what is live. A person approves the difference. Then each stage is
applied and verified on the real thing: **storage**, **loki**, **agents**, **tenants**, **rules**. Where one fails,
what this run applied is put back, last stage first; stored logs are never deleted. `summary` runs last, prints the
whole story, and is red where anything was.

**Normal.** Skipped tasks: stages that were not chosen, the approval where `auto_approve` is on, and everything but
`summary` where nothing changes. A run waits in `approval` until somebody answers under *Required Actions*. A second
run waits until the first has ended.

**Airflow restarted in the middle of a run.** Nothing to do: the task that was killed is tried again and goes on where
it was. A task that failed is not tried again by itself.

### When a task fails

`summary` repeats what each failed task said: what was found, and what to do. What a failure means:

**plan** The environment's file is not usable, its platform cannot be reached, or `auto_approve` is on where approval is
required. Nothing was changed. *Mend what the message names (`logops check ENV` shows all of it), trigger again.*

**approval** Somebody said no, or nobody answered in time, which is a no. Nothing was changed. *Talk to who said no;
trigger again for a new plan.*

**STAGE.apply**

- *Refused*: the file, or what is live, changed after the plan was made: it is not what was approved. *Trigger again.*
- *Lease*: another rollout is at work. *Wait for the run it names; if that one is dead,
  `logops unlock ENV --owner RUN`.*
- *storing the rule group*: Loki refuses a rule, in its own words. *Mend the file in include/logql/rules
  (`logops rules check`), trigger again.*
- Anything else: a process would not start; its last lines are in the message. *Mend the cause, trigger again.*

**STAGE.verify** It runs, and does not do what it must: the message names each check that failed. *Read them, then
`logops status ENV` and `logops logs ENV PROCESS`.*

**roll_back** Wake somebody: the environment is neither at its old state nor at the new one. Logs are still accepted
where `logops status ENV` shows distributors and ingesters ready. *Mend what the message names, then roll out the last
good file.*

**summary**, and nothing else: the rollout went well, its result could not be kept. *Check `results` in the
environment's file, then clear this task.*
"""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from logops.airflow.operators.approval import RolloutApprovalOperator
from logops.airflow.operators.plan import RolloutPlanOperator
from logops.airflow.operators.roll_back import RolloutRollBackOperator
from logops.airflow.operators.stage import RolloutApplyOperator, RolloutVerifyOperator
from logops.airflow.operators.summary import RolloutSummaryOperator
from logops.airflow.tags import Tag
from logops.stages import STAGES

ENVIRONMENTS = sorted(file.stem for file in (Path(__file__).parents[1] / "include/environments").glob("*.yaml"))

ENVIRONMENT = "{{ params.environment }}"
PLAN = "{{ ti.xcom_pull(task_ids='plan', key='plan') }}"
DIGEST = "{{ ti.xcom_pull(task_ids='plan', key='plan')['digest'] }}"
APPROVED = "{{ ti.xcom_pull(task_ids='approval', key='approved') }}"

with DAG(
    dag_id="rollout",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags={Tag.LOKI, Tag.ROLLOUT},
    params={
        "environment": Param("local", type="string", enum=ENVIRONMENTS, description="What to roll out, and where."),
        "stages": Param(
            list(STAGES),
            type="array",
            items={"type": "string", "enum": list(STAGES)},
            examples=list(STAGES),
            minItems=1,
            uniqueItems=True,
            description="Which parts of it.",
        ),
        "auto_approve": Param(
            False, type="boolean", description="Do not ask. Refused where the environment requires approval."
        ),
    },
    default_args={
        "owner": "log-platform",
        # For tasks that were killed; one that fails says so for good. An Airflow that has just been started again
        # may use up some before its API server answers.
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

    plan >> approval
    before = [approval]
    for stage in STAGES:
        with TaskGroup(stage):
            apply = RolloutApplyOperator(
                task_id="apply",
                stage=stage,
                environment=ENVIRONMENT,
                plan=PLAN,
                approved=APPROVED,
                trigger_rule=TriggerRule.NONE_FAILED,  # a stage or an approval that was left out is no obstacle
                execution_timeout=timedelta(minutes=30),
            )
            verify = RolloutVerifyOperator(task_id="verify", stage=stage, environment=ENVIRONMENT)
        # After all that comes before, not only the last: that one may have been skipped long ago.
        before >> apply >> verify
        [apply, verify] >> roll_back
        before.append(verify)
    [*before, roll_back] >> summary

"""Finding classes that the rollout and all checks share."""

from logops.findings.model import FindingClass, Severity

CHECK_INCOMPLETE = FindingClass(
    name="check-incomplete",
    severity=Severity.ERROR,
    meaning="A check could not finish, so some objects were not checked.",
    why="A check that could not run is not a pass: the state of the objects that were not checked is unknown.",
    remedy="Fix the reason that the message names, and run the check again.",
)
RESULTS_UNREADABLE = FindingClass(
    name="results-unreadable",
    severity=Severity.ERROR,
    meaning="A file of the results store is damaged, or is no result of this version of logops. It is left out.",
    why="What that run found is unknown. Findings of earlier runs stay open until the next run of the check.",
    remedy="Restore the file that the message names from a backup or from soft delete. If there is no copy, delete it, "
    "and run the check again.",
)
ROLLOUT_FAILED = FindingClass(
    name="rollout-failed",
    severity=Severity.ERROR,
    meaning="A stage of a rollout could not be applied, failed its verification or was interrupted. The run was rolled "
    "back.",
    why="The environment runs its last good revision, not the approved one.",
    remedy="Read the stage's message with the last lines of the process, fix the cause, and trigger the rollout again.",
)
PLAN_UNKNOWN = FindingClass(
    name="plan-unknown",
    severity=Severity.ERROR,
    meaning="The API server could not try a change, so its effect is unknown.",
    why="A change that nobody has seen cannot be approved. The plan is refused.",
    remedy="Fix the reason that the message names, and plan again: `logops plan ENV`.",
)
CHANGE_REFUSED = FindingClass(
    name="change-refused",
    severity=Severity.ERROR,
    meaning="The API server or Azure refuses a change: a field is not valid, a quota is used up, a policy forbids it, "
    "or a storage account cannot be created or converted.",
    why="The rollout would fail at this object and be rolled back.",
    remedy="Correct the environment file, so that the change is possible. Plan again: `logops plan ENV`.",
)
FIELD_IMMUTABLE = FindingClass(
    name="field-immutable",
    severity=Severity.ERROR,
    meaning="A plan changes a field that Kubernetes never changes. The object must be deleted and created again.",
    why="Helm tries the change and fails, every time. Without `orphan`, the pods of a deleted object stop.",
    remedy="Write the value of today into the environment file. If the change is meant, delete the object first, and "
    "keep its pods: `kubectl delete --cascade=orphan`. Then plan again: `logops plan ENV`.",
)
FIELD_CONFLICT = FindingClass(
    name="field-conflict",
    severity=Severity.ERROR,
    meaning="A plan changes a field that another program or person set, or removes one that they added.",
    why="Both would change it again and again, or an urgent change by hand is lost.",
    remedy="Ask the owner that the message names. If the change is right, write it into the environment file. If it is "
    "not, accept this class with a reason: the rollout then takes the field over, or removes it.",
)
RELEASE_FOREIGN = FindingClass(
    name="release-foreign",
    severity=Severity.CRITICAL,
    meaning="A plan changes a Helm release that no rollout of this environment made.",
    why="Somebody else may still deploy it. Both would change it again and again.",
    remedy="Ask who installed it: `helm history RELEASE`. To let logops deploy it from now on, accept this class with "
    "a reason. Otherwise give the cluster another name or namespace in the environment file.",
)
VOLUME_CHANGE = FindingClass(
    name="volume-change",
    severity=Severity.ERROR,
    meaning="A plan changes the size, the storage class or the existence of a volume.",
    why="The write-ahead log of an ingester is on its volume. Kubernetes changes no volume of a StatefulSet by itself.",
    remedy="A larger volume: accept this class with a reason, and the rollout makes it larger. Anything else: write "
    "the value of today into the environment file.",
)
DATA_DELETED = FindingClass(
    name="data-deleted",
    severity=Severity.CRITICAL,
    meaning="A plan deletes objects or pods that hold data, or adds a lifecycle rule that deletes blobs.",
    why="Lines that are only in a write-ahead log, and blobs that only Azure has, are lost.",
    remedy="Flush the ingesters first (`POST /flush`). Then accept this class with a reason.",
)
INGESTERS_TOGETHER = FindingClass(
    name="ingesters-together",
    severity=Severity.CRITICAL,
    meaning="A plan can stop more than one ingester, or more than one zone, at the same moment.",
    why="Lines that only these ingesters have are lost, and pushes fail without a quorum (loki#10716).",
    remedy="Let them stop one after the other: the update strategy OnDelete, and a rollout that restarts each pod when "
    "the one before is ACTIVE. Or accept this class with a reason.",
)
POD_UNSCHEDULABLE = FindingClass(
    name="pod-unschedulable",
    severity=Severity.WARNING,
    meaning="Pods of a plan do not fit the nodes that exist: size, labels, taints, or more pods than different nodes.",
    why="They stay Pending until the rollout times out and is rolled back, unless the cluster adds nodes by itself.",
    remedy="Make the requests smaller, add nodes, or change the placement. If the cluster adds nodes by itself, check "
    "that a node of that size exists.",
)
LOKI_UPGRADE = FindingClass(
    name="loki-upgrade",
    severity=Severity.INFO,
    meaning="A plan replaces the version of Loki.",
    why="Every component restarts. Settings may have other names or defaults, and an older version may not read the "
    "files that a newer one wrote.",
    remedy="Read Loki's upgrade guide for every version in between. Decide about a rollback on the day of the upgrade: "
    "later, there are more files that only the new version can read.",
)
SCHEMA_PERIOD_CHANGED = FindingClass(
    name="schema-period-changed",
    severity=Severity.CRITICAL,
    meaning="A plan changes a schema period that has begun, or adds one that begins today or earlier.",
    why="Loki looks for the lines of these days in the format of the new period, and does not find the stored ones.",
    remedy="Leave the periods of the past as they are. Add a period that begins in the future, and roll out before it "
    "begins.",
)
SECRET_MISSING = FindingClass(
    name="secret-missing",
    severity=Severity.ERROR,
    meaning="A receiver of alerts, a login to an Alertmanager, or a pod on Kubernetes needs a secret that is not known "
    "where the plan was made.",
    why="The receiver could not be told anything, and the pod could not start. The rollout would stop at that stage.",
    remedy="Make the secret known, as the plan says. Then plan again.",
)
TERRAFORM_FIRST = FindingClass(
    name="terraform-first",
    severity=Severity.ERROR,
    meaning="Terraform manages a storage account (`managed_by: terraform`), and the account is not as the environment "
    "file declares it.",
    why="A rollout does not write such an account. Later stages would run against an account that is not ready.",
    remedy="Render with `logops render ENV`, and apply the folder storage/terraform with Terraform. Then plan again: "
    "`logops plan ENV`.",
)
ROLE_MISSING = FindingClass(
    name="role-missing",
    severity=Severity.ERROR,
    meaning="The identity of Loki's pods may not read and write blobs of its storage account.",
    why="Loki cannot store anything: ingesters keep their chunks until memory and volume are full.",
    remedy="Run the command that the message names. A new assignment takes some minutes to work.",
)
STORAGE_ACCESS = FindingClass(
    name="storage-access",
    severity=Severity.WARNING,
    meaning="A plan changes who may connect to a storage account, or how they log in.",
    why="Whoever is left out loses access at once: Loki, audits, people. Whoever is let in may try to log in.",
    remedy="Check that Loki's subnet, Airflow and the people who read blobs are in `network`, and that nobody uses a "
    "key any more.",
)
RESTORE_SHORTER = FindingClass(
    name="restore-shorter",
    severity=Severity.WARNING,
    meaning="A plan shortens the time in which deleted blobs or containers can be restored, or ends earlier versions.",
    why="A blob that somebody deletes by mistake is lost earlier.",
    remedy="If it is not meant, correct `soft_delete_days` or `versioning` in the environment file.",
)
STORAGE_COST = FindingClass(
    name="storage-cost",
    severity=Severity.INFO,
    meaning="A plan turns on something of a storage account that Azure charges for.",
    why="The cost is not part of the plan's estimate, which counts stored logs only.",
    remedy="Compare with Azure's price list for your region.",
)

CLASSES = (
    CHECK_INCOMPLETE,
    RESULTS_UNREADABLE,
    ROLLOUT_FAILED,
    PLAN_UNKNOWN,
    CHANGE_REFUSED,
    FIELD_IMMUTABLE,
    FIELD_CONFLICT,
    RELEASE_FOREIGN,
    VOLUME_CHANGE,
    DATA_DELETED,
    INGESTERS_TOGETHER,
    POD_UNSCHEDULABLE,
    LOKI_UPGRADE,
    SCHEMA_PERIOD_CHANGED,
    SECRET_MISSING,
    TERRAFORM_FIRST,
    ROLE_MISSING,
    STORAGE_ACCESS,
    RESTORE_SHORTER,
    STORAGE_COST,
)

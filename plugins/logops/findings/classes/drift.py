"""Finding classes of the drift check: the live system differs from what its environment file renders."""

from logops.findings.model import FindingClass, Severity

CONFIG_DRIFT = FindingClass(
    name="config-drift",
    severity=Severity.ERROR,
    meaning="A file, a process, a ring or a container is not what the environment file renders. Somebody changed it, "
    "or the environment file was changed and not rolled out.",
    why="The approved plan is not what runs. The next rollout or restart changes it without a warning, and every audit "
    "judges by what is declared.",
    remedy="Look at the diff. To go back to what is declared, roll the stage out: `logops up ENV`, or the DAG "
    "`rollout`. To keep the change, write it into the environment file first. To leave it for a time: "
    "`logops findings accept ENV config-drift`.",
)
LIMIT_NOT_EFFECTIVE = FindingClass(
    name="limit-not-effective",
    severity=Severity.ERROR,
    meaning="A process of Loki applies another limit to a tenant than its overrides file has.",
    why="The tenant is refused too early, or the limit that protects others does not hold.",
    remedy="Search the log of the process for `runtime config`: a reload that failed names the line. Correct the file, "
    "or roll the stage out again: `logops up ENV --stage tenants`. If the reload works and the limit is still another "
    "one, restart the process.",
)
VERSION_SKEW = FindingClass(
    name="version-skew",
    severity=Severity.WARNING,
    meaning="A process runs another version than this version of logops deploys, or its program was replaced after "
    "it had started.",
    why="Versions that differ inside of a cluster are not tested together. After the next restart, another program "
    "runs than today.",
    remedy="Roll the environment out: `logops up ENV`. If its plan says that nothing changes, end the process: "
    "supervisord starts it again with the program on the disk.",
)
RULE_DRIFT = FindingClass(
    name="rule-drift",
    severity=Severity.ERROR,
    meaning="The rules that a ruler stores, or that a Prometheus has loaded, are not the rules of its files.",
    why="A deleted rule alarms nobody. A changed one alarms at another moment than its tests prove.",
    remedy="Look at the diff. To go back to the files in include/logql/rules, roll the stage `rules` out: "
    "`logops up ENV --stage rules`, or the DAG `rollout`. To keep the change, write it into the file first, with a "
    "test.",
)
CONTAINER_PUBLIC = FindingClass(
    name="container-public",
    severity=Severity.CRITICAL,
    meaning="A container of a storage account can be read by anybody, without a login.",
    why="Its logs are visible to everybody who knows the name of the account.",
    remedy="Make it private now: `az storage container set-permission --public-access off`, and forbid public access "
    "on the account (`allowBlobPublicAccess: false`). Then look into the account's log for who read it.",
)
AGENT_DRIFT = FindingClass(
    name="agent-drift",
    severity=Severity.ERROR,
    meaning="The file of an agent, or the configuration that it runs with, is not what the environment file renders.",
    why="Lines may be collected twice, not at all, with other labels, or without the rules that hide secrets.",
    remedy="Look at the diff. To go back to what is declared, roll the stage `agents` out: "
    "`logops up ENV --stage agents`, or the DAG `rollout`. To keep the change, write it into the environment file "
    "first.",
)

STORAGE_ACCOUNT_DRIFT = FindingClass(
    name="storage-account-drift",
    severity=Severity.ERROR,
    meaning="A storage account is not as the environment file declares it: TLS, keys, public access, network, soft "
    "delete, versioning, containers, lifecycle rules, inventory or diagnostics. Somebody changed it, for example in "
    "the portal.",
    why="Logs may be open to more people than planned, cost more, be deleted earlier, or not be restorable. An audit "
    "without its inventory stops.",
    remedy="Look at the diff. To go back to what is declared, roll the stage out: `logops up ENV --stage storage`, or "
    "the DAG `rollout`. To keep the change, write it into the environment file first.",
)

CLASSES = (
    CONFIG_DRIFT,
    LIMIT_NOT_EFFECTIVE,
    VERSION_SKEW,
    RULE_DRIFT,
    CONTAINER_PUBLIC,
    AGENT_DRIFT,
    STORAGE_ACCOUNT_DRIFT,
)

"""Finding classes of the doctor: mistakes in a configuration before it is deployed."""

from logops.findings.model import FindingClass, Severity

RETENTION_SHORT = FindingClass(
    name="retention-short",
    severity=Severity.CRITICAL,
    meaning="Loki is configured to delete logs before their promised retention ends.",
    why="Deleted logs cannot be restored, and nobody notices until somebody searches for them.",
    remedy="Raise the retention to the promise, or change the promise.",
)
RETENTION_NOT_ENABLED = FindingClass(
    name="retention-not-enabled",
    severity=Severity.ERROR,
    meaning="A retention is configured or promised, but compactor.retention_enabled is false, its default.",
    why="retention_period alone deletes nothing, and Loki 3 runs no table manager: logs are kept, and paid for,"
    " forever.",
    remedy="Set compactor.retention_enabled: true and compactor.delete_request_store to the schema's object_store.",
)
RETENTION_UNLIMITED = FindingClass(
    name="retention-unlimited",
    severity=Severity.ERROR,
    meaning="The retention is 0 or not set, which means forever, although the compactor is to delete logs.",
    why="0 looks like keeping nothing, but keeps everything. Storage and the data at risk grow without limit.",
    remedy="Set the period after which the logs must be deleted.",
)
STREAM_RETENTION_REFUSED = FindingClass(
    name="stream-retention-refused",
    severity=Severity.ERROR,
    meaning="A rule in retention_stream has a period of less than 24 hours.",
    why="Loki refuses to start, and does not load a runtime configuration with such a rule.",
    remedy="Set 24h or more. If the lines must not be kept that long, do not send them.",
)
DELETE_STORE_MISSING = FindingClass(
    name="delete-store-missing",
    severity=Severity.ERROR,
    meaning="compactor.retention_enabled is true without compactor.delete_request_store.",
    why="Loki 3 refuses to start.",
    remedy="Set compactor.delete_request_store to the object_store of the schema.",
)

LIFECYCLE_DELETES_EARLY = FindingClass(
    name="lifecycle-deletes-early",
    severity=Severity.CRITICAL,
    meaning="A lifecycle rule of the storage account deletes chunks that Loki's index still lists.",
    why="Queries fail when they read a deleted chunk, and logs are lost before their retention ends.",
    remedy="Let Loki delete: remove the rule's delete action, or set more days than retention plus delete delay.",
)
LIFECYCLE_ARCHIVES_LIVE = FindingClass(
    name="lifecycle-archives-live",
    severity=Severity.ERROR,
    meaning="A lifecycle rule archives chunks that Loki's index still lists.",
    why="An archived blob is offline: queries that need it fail, and rehydrating it takes up to 15 hours.",
    remedy="Use Cool or Cold for chunks. Archive only data that Loki no longer lists.",
)
LIFECYCLE_TOUCHES_INDEX = FindingClass(
    name="lifecycle-touches-index",
    severity=Severity.ERROR,
    meaning="The prefix of a lifecycle rule covers index/, where Loki stores its index and its delete requests.",
    why="Every query reads the index. A cooler tier makes it slow; if it is archived or deleted, queries fail.",
    remedy="Give the rule one prefix for each tenant: CONTAINER/TENANT/. Azure's filters cannot exclude a folder.",
)
LIFECYCLE_COOLS_EARLY = FindingClass(
    name="lifecycle-cools-early",
    severity=Severity.ERROR,
    meaning="A lifecycle rule moves chunks out of the Hot tier before the promised days in Hot end.",
    why="Reads from Cool and Cold cost several times as much, and most queries read recent days.",
    remedy="Set the days of the rule to the promise.",
)
LIFECYCLE_NOT_APPLIED = FindingClass(
    name="lifecycle-not-applied",
    severity=Severity.ERROR,
    meaning="A lifecycle policy never takes effect.",
    why="Blobs stay in their tier, and old logs stay as expensive as new ones.",
    remedy="Use the resource type azurerm_storage_management_policy, and enable the rules.",
)
LIFECYCLE_POLICY_REFUSED = FindingClass(
    name="lifecycle-policy-refused",
    severity=Severity.CRITICAL,
    meaning="Azure refuses a lifecycle policy, or a part of it.",
    why="A policy is stored as a whole. If Azure refuses one rule, the account keeps its old policy, or has none.",
    remedy="Stay within 100 rules an account and 10 prefixes a rule, give each rule its own name, and archive only in "
    "accounts with LRS, GRS or RA-GRS.",
)
EARLY_DELETION_FEE = FindingClass(
    name="early-deletion-fee",
    severity=Severity.WARNING,
    meaning="Blobs leave an access tier before its minimum stay: Cool 30 days, Cold 90 days, Archive 180 days.",
    why="Azure charges the missing days. Moving a blob shortly before its deletion often costs more than it saves.",
    remedy="Change the tier earlier, delete later, or leave out the tier.",
)

REPLICATION_ABOVE_INGESTERS = FindingClass(
    name="replication-above-ingesters",
    severity=Severity.ERROR,
    meaning="The replication factor is above the number of ingesters.",
    why="A write needs more than half of the replicas. If one of too few ingesters fails, Loki refuses every line.",
    remedy="Run at least as many ingesters as the replication factor.",
)
WAL_NOT_PERSISTENT = FindingClass(
    name="wal-not-persistent",
    severity=Severity.CRITICAL,
    meaning="The ingesters' write-ahead log is disabled, or is not on a volume that outlives the process.",
    why="If a pod is moved, acknowledged lines that are not flushed yet are lost: up to two hours of lines.",
    remedy="Enable the write-ahead log, give the ingesters a volume, and set ingester.wal.dir to a folder on it.",
)
DIRECTORY_OFF_VOLUME = FindingClass(
    name="directory-off-volume",
    severity=Severity.ERROR,
    meaning="A folder that Loki writes to is outside of the volume.",
    why="The chart makes the root file system read-only, so Loki does not start. If it is writable, a restart empties"
    " the folder: the index of the last minutes or the compactor's deletion marks are lost.",
    remedy="Set a folder below the volume's mount path, or remove the key: Loki then uses common.path_prefix.",
)
DIRECTORY_UNSET = FindingClass(
    name="directory-unset",
    severity=Severity.ERROR,
    meaning="Neither the folders of the index nor common.path_prefix are set.",
    why="Loki refuses to start.",
    remedy="Set common.path_prefix.",
)
DIRECTORY_RELATIVE = FindingClass(
    name="directory-relative",
    severity=Severity.ERROR,
    meaning="A folder that Loki writes to is a relative path, so it depends on the folder in which Loki was started.",
    why="Loki's image starts in /, where its user may not create folders: Loki stops with `mkdir wal: permission"
    " denied`. Elsewhere a start from another folder loses what was in the first one.",
    remedy="Set common.path_prefix to a folder on a volume, or write the complete path.",
)
RING_UNREACHABLE = FindingClass(
    name="ring-unreachable",
    severity=Severity.ERROR,
    meaning="The processes cannot share the store of the hash ring, such as the default: Consul on localhost.",
    why="Ingesters do not find each other: writes fail, or lines are not replicated.",
    remedy="Set common.ring.kvstore.store: memberlist and memberlist.join_members, or set the address of the store.",
)
QUERY_QUEUE_BYPASSED = FindingClass(
    name="query-queue-bypassed",
    severity=Severity.WARNING,
    meaning="The query frontend sends queries directly to an address, not to the queue of the query scheduler.",
    why="Without the queue, a large query of one tenant occupies all queriers. A headless service sends all queries to"
    " a few queriers.",
    remedy="Remove frontend.downstream_url, and set frontend.scheduler_address and frontend_worker.scheduler_address.",
)
STORAGE_ACCOUNT_MISSING = FindingClass(
    name="storage-account-missing",
    severity=Severity.ERROR,
    meaning="Azure storage is configured without account_name and without connection_string.",
    why="Loki starts, but every read and write fails.",
    remedy="Set the account in this section, or once in common.storage.azure.",
)
COMPONENT_MISSING = FindingClass(
    name="component-missing",
    severity=Severity.ERROR,
    meaning="Helm values for a distributed Loki run no replica of a required component.",
    why="The chart's default is 0 replicas. Without a compactor nothing is deleted. Without an index gateway, a query"
    " scheduler or a query frontend, queries fail.",
    remedy="Set the component's replicas.",
)

TENANTS_WITHOUT_AUTH = FindingClass(
    name="tenants-without-auth",
    severity=Severity.CRITICAL,
    meaning="Tenants are configured, or agents send a tenant, but auth_enabled is false.",
    why="Loki ignores X-Scope-OrgID and stores every line for the tenant `fake`: everybody can read everything, and"
    " the tenants' limits and retention do not apply.",
    remedy="Set auth_enabled: true. Lines that are already stored stay with the tenant `fake`.",
)
AGENT_WITHOUT_TENANT = FindingClass(
    name="agent-without-tenant",
    severity=Severity.ERROR,
    meaning="An agent sends lines without a tenant to a Loki that requires a tenant.",
    why="Loki answers 401 `no org id`, and the agent drops the lines after its last retry.",
    remedy="Set the agent's tenant, or let a gateway add X-Scope-OrgID.",
)
GATEWAY_OPEN = FindingClass(
    name="gateway-open",
    severity=Severity.CRITICAL,
    meaning="An ingress publishes Loki without authentication.",
    why="Anybody who can reach the address can read all logs, write lines, and flush or stop ingesters.",
    remedy="Enable gateway.basicAuth or authenticate in the ingress, and publish only /loki/api/v1.",
)
SECURITY_DATA_SHARED = FindingClass(
    name="security-data-shared",
    severity=Severity.CRITICAL,
    meaning="Security logs are stored in a storage account that another cluster also uses.",
    why="Everybody who has the other cluster's key can read and delete the evidence.",
    remedy="Give the security cluster a separate storage account.",
)

LIMITS_CONTRADICT = FindingClass(
    name="limits-contradict",
    severity=Severity.WARNING,
    meaning="Two limits of a tenant contradict each other.",
    why="The stricter limit always wins: Loki refuses lines or queries that the other limit seems to allow.",
    remedy="Change one of the two limits.",
)

STRUCTURED_METADATA_UNSUPPORTED = FindingClass(
    name="structured-metadata-unsupported",
    severity=Severity.ERROR,
    meaning="allow_structured_metadata is true, its default, but the active schema is not tsdb with v13.",
    why="Loki 3 refuses to start.",
    remedy="Add a schema period with tsdb and v13. Until then, set limits_config.allow_structured_metadata: false.",
)
SCHEMA_MISSING = FindingClass(
    name="schema-missing",
    severity=Severity.ERROR,
    meaning="A configuration of Loki has no schema period.",
    why="Loki stops with a panic (index out of range) before it reads or writes a line.",
    remedy="Set schema_config.configs: a list with one period, which has from, store: tsdb, object_store, schema: v13"
    " and index (prefix, period: 24h).",
)
SCHEMA_OUTDATED = FindingClass(
    name="schema-outdated",
    severity=Severity.WARNING,
    meaning="New logs are written with a deprecated index or schema.",
    why="The next major version of Loki cannot read it. Structured metadata and fast queries need tsdb with v13.",
    remedy="Add a schema period with store: tsdb and schema: v13 from a future day on. Never change a past period.",
)

KEY_REMOVED = FindingClass(
    name="key-removed",
    severity=Severity.ERROR,
    meaning="A key that Loki 3 has removed.",
    why="Loki refuses to start.",
    remedy="Remove the key, or write the key that does the same today.",
)
KEY_DEPRECATED = FindingClass(
    name="key-deprecated",
    severity=Severity.WARNING,
    meaning="A key that Loki still reads but has deprecated.",
    why="A later version refuses to start with it.",
    remedy="Write the replacement of the key.",
)
LOKI_4_INCOMPATIBLE = FindingClass(
    name="loki-4-incompatible",
    severity=Severity.WARNING,
    meaning="Loki 4 refuses, or reads differently, what a configuration, a rule or a dashboard has.",
    why="After the upgrade Loki does not start, does not find its logs, or a query, an alert or a panel stays empty.",
    remedy="Change it before the upgrade. docs/loki-4.md lists what Loki 4 changes.",
)
KEY_UNKNOWN = FindingClass(
    name="key-unknown",
    severity=Severity.ERROR,
    meaning="A key that the program does not know: it is mistyped or in the wrong section.",
    why="The program refuses to start.",
    remedy="Correct or remove the key.",
)
LIMIT_UNKNOWN = FindingClass(
    name="limit-unknown",
    severity=Severity.ERROR,
    meaning="A key in limits_config or in a tenant's overrides that is not a limit.",
    why="If the key is in limits_config, Loki 3.7 refuses to start. If it is in the overrides, a running Loki ignores"
    " the complete file and only logs it: no tenant gets its new limits. Other versions of Loki ignore the key: a"
    " mistyped retention_period keeps logs forever.",
    remedy="Correct or remove the key. Watch loki_runtime_config_last_reload_successful.",
)
VALUE_REFUSED = FindingClass(
    name="value-refused",
    severity=Severity.ERROR,
    meaning="A duration or a size that Loki cannot parse. Limits take whole numbers (90d), other sections do not accept"
    " days, and sizes are whole numbers of binary units (10MB, not 10MiB).",
    why="Loki refuses to start.",
    remedy="Write the value in a format that Loki accepts.",
)
HELM_KEY_IGNORED = FindingClass(
    name="helm-key-ignored",
    severity=Severity.ERROR,
    meaning="A key in Helm values that the chart does not read.",
    why="Helm accepts unknown keys silently. The setting keeps the chart's default.",
    remedy="Write the key that the chart reads.",
)
HELM_VALUES_REFUSED = FindingClass(
    name="helm-values-refused",
    severity=Severity.ERROR,
    meaning="Helm values that the chart refuses, or that render to objects that Kubernetes refuses.",
    why="The release fails.",
    remedy="Write values that the chart accepts: `helm template` shows its own message.",
)

HIGH_CARDINALITY_LABEL = FindingClass(
    name="high-cardinality-label",
    severity=Severity.ERROR,
    meaning="An agent makes a label from a field that has a different value in nearly every line or request.",
    why="Every combination of label values is a stream with separate chunks: the index grows, chunks stay small,"
    " queries become slow, and Loki refuses lines at the stream limit.",
    remedy="Move the field to structured metadata, or leave it in the line.",
)
AGENT_END_OF_LIFE = FindingClass(
    name="agent-end-of-life",
    severity=Severity.WARNING,
    meaning="An agent that is past its end of life.",
    why="Its security bugs are not fixed any more, and it runs on every node.",
    remedy="Move to Grafana Alloy: `logops agents migrate promtail.yaml --to alloy` translates the configuration.",
)
AGENT_POSITION_LOST = FindingClass(
    name="agent-position-lost",
    severity=Severity.WARNING,
    meaning="An agent loses its position in the files when it restarts.",
    why="After a restart it sends lines twice, or skips the lines that were written in between.",
    remedy="Store its positions on a host path or a volume.",
)
AGENT_PORT_WRONG = FindingClass(
    name="agent-port-wrong",
    severity=Severity.ERROR,
    meaning="An agent sends to a port that the gateway's service does not have.",
    why="No line of this agent arrives.",
    remedy="Send to the gateway's port, or set gateway.service.port.",
)
VARIABLE_NOT_EXPANDED = FindingClass(
    name="variable-not-expanded",
    severity=Severity.ERROR,
    meaning="A configuration of Loki or of an agent has a ${VARIABLE}, but the program does not expand variables.",
    why="The program uses the literal text as the secret, address or limit: it cannot log in, or does not start.",
    remedy="Start the program with -config.expand-env=true: in a chart, extraArgs.",
)
DROP_TOO_BROAD = FindingClass(
    name="drop-too-broad",
    severity=Severity.ERROR,
    meaning="A drop stage drops every line that contains a short word anywhere, also inside other words.",
    why="`health` also drops `unhealthy`, and `ping` drops `shipping failed`: important lines are lost silently.",
    remedy="Match the unwanted lines exactly, for example the path of a request: `GET /healthz`.",
)
PIPELINE_STAGE_USELESS = FindingClass(
    name="pipeline-stage-useless",
    severity=Severity.WARNING,
    meaning="A pipeline stage that has no effect at its position.",
    why="Promtail accepts it silently: lines arrive unparsed, with a wrong timestamp, or split.",
    remedy="Write `cri: {}` for the lines of pods, first; then multiline; then the stages that parse.",
)
POD_LINES_UNPARSED = FindingClass(
    name="pod-lines-unparsed",
    severity=Severity.WARNING,
    meaning="A job of Promtail reads the logs of pods, but no stage parses the format of the container runtime.",
    why="Each line keeps the runtime's timestamp, stream and flag in front, long lines stay split, JSON stays unread.",
    remedy="Write `cri: {}` as the first stage. Only Kubernetes before 1.24 with Docker needs `docker: {}`.",
)
PATH_MATCHES_NOTHING = FindingClass(
    name="path-matches-nothing",
    severity=Severity.ERROR,
    meaning="A job of Promtail has a path that no file can have, or no path.",
    why="Promtail starts and reports nothing, but it reads no line of this job.",
    remedy="Write a `__path__` that files have: absolute, with a glob for the name, for example /var/log/app/*.log.",
)
SOURCE_SHIPPED_TWICE = FindingClass(
    name="source-shipped-twice",
    severity=Severity.WARNING,
    meaning="Two agents tail the same files.",
    why="If the labels differ, Loki stores each line twice: counts are wrong and storage costs double.",
    remedy="Let only one of the agents tail the files.",
)

CLASSES: tuple[FindingClass, ...] = tuple(
    declared for declared in vars().values() if isinstance(declared, FindingClass)
)

"""Classes found in a configuration before it is deployed."""

from logops.findings.model import FindingClass, Severity

RETENTION_SHORT = FindingClass(
    name="retention-short",
    severity=Severity.CRITICAL,
    meaning="Loki is told to delete logs before the day until which they were promised to be kept.",
    why="What the compactor deletes is gone. Nobody notices until somebody looks for it.",
    remedy="Raise the retention to the promise, or change the promise.",
)
RETENTION_NOT_ENABLED = FindingClass(
    name="retention-not-enabled",
    severity=Severity.ERROR,
    meaning="Logs should be deleted after some time, but compactor.retention_enabled is false, its default.",
    why="retention_period alone deletes nothing: logs are kept, and paid for, for ever.",
    remedy="Set compactor.retention_enabled: true and compactor.delete_request_store to the schema's object_store.",
)
RETENTION_UNLIMITED = FindingClass(
    name="retention-unlimited",
    severity=Severity.ERROR,
    meaning="A retention of 0, which Loki takes as for ever, stands where logs were promised to be deleted.",
    why="0 reads like nothing is kept; it keeps everything. Storage grows without end, and so does what leaks.",
    remedy="Write the period after which the logs are to be deleted.",
)
STREAM_RETENTION_REFUSED = FindingClass(
    name="stream-retention-refused",
    severity=Severity.ERROR,
    meaning="A rule of retention_stream has a period under 24 hours.",
    why="Loki refuses to start with it, and a runtime configuration that holds it is not loaded.",
    remedy="Write 24h or more. To keep such lines for less, do not send them.",
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
    meaning="A lifecycle rule of the storage account deletes chunks that Loki has not deleted from its index.",
    why="Queries fail on chunks that the index still names, and logs are gone before their time.",
    remedy="Leave deletion to Loki: drop the rule's delete action, or move it behind retention and delete delay.",
)
LIFECYCLE_ARCHIVES_LIVE = FindingClass(
    name="lifecycle-archives-live",
    severity=Severity.ERROR,
    meaning="A lifecycle rule archives chunks that a live index points to.",
    why="An archived blob is offline: a query that needs it fails, and bringing it back takes up to 15 hours.",
    remedy="Use Cool or Cold for chunks. Archive only what Loki has let go of.",
)
LIFECYCLE_TOUCHES_INDEX = FindingClass(
    name="lifecycle-touches-index",
    severity=Severity.ERROR,
    meaning="A lifecycle rule's prefix covers index/, where Loki keeps its index and its delete requests.",
    why="Every query reads the index: a tiered index is slow and costs, an archived or deleted one blinds Loki.",
    remedy="Azure's filters cannot exclude. Give the rule one prefix for each tenant: CONTAINER/TENANT/.",
)
LIFECYCLE_COOLS_EARLY = FindingClass(
    name="lifecycle-cools-early",
    severity=Severity.ERROR,
    meaning="A lifecycle rule takes chunks out of the Hot tier before the day until which Hot was promised.",
    why="Reads from Cool and Cold cost several times as much, in the days in which most queries are made.",
    remedy="Move the rule's day to the promise.",
)
LIFECYCLE_NOT_APPLIED = FindingClass(
    name="lifecycle-not-applied",
    severity=Severity.ERROR,
    meaning="A lifecycle policy is written so that it never takes effect.",
    why="Tiers stay as they are, while everybody believes that old logs became cheap.",
    remedy="Write it as azurerm_storage_management_policy, and enable its rules.",
)
EARLY_DELETION_FEE = FindingClass(
    name="early-deletion-fee",
    severity=Severity.WARNING,
    meaning="Blobs leave an access tier before its minimum stay: Cool 30 days, Cold 90, Archive 180.",
    why="Azure charges the days that are missing. Moving a blob late in its life often costs more than it saves.",
    remedy="Tier earlier, delete later, or leave out the tier.",
)

REPLICATION_ABOVE_INGESTERS = FindingClass(
    name="replication-above-ingesters",
    severity=Severity.ERROR,
    meaning="Every line is to be written to more ingesters than there are.",
    why="A write needs more than half of the replicas. With too few ingesters, losing one refuses every line.",
    remedy="Run at least as many ingesters as the replication factor.",
)
WAL_NOT_PERSISTENT = FindingClass(
    name="wal-not-persistent",
    severity=Severity.CRITICAL,
    meaning="The ingesters' write-ahead log is switched off, or lies on no volume that outlives the process.",
    why="Lines that were acknowledged but not yet flushed, up to two hours of them, are lost when a pod is moved.",
    remedy="Switch on the WAL, give the ingesters a volume, and put ingester.wal.dir on it.",
)
DIRECTORY_OFF_VOLUME = FindingClass(
    name="directory-off-volume",
    severity=Severity.ERROR,
    meaning="A folder that Loki writes to lies outside of the volume.",
    why="The chart's root file system is read-only: Loki stops at start. Where it is not, a restart empties the"
    " folder: the index of the last minutes, or the compactor's marks of what is to be deleted.",
    remedy="Put the folder below the volume's path, or leave it out: Loki puts it below common.path_prefix.",
)
DIRECTORY_UNSET = FindingClass(
    name="directory-unset",
    severity=Severity.ERROR,
    meaning="The index needs folders of its own, and neither they nor common.path_prefix are set.",
    why="Loki refuses to start.",
    remedy="Set common.path_prefix.",
)
RING_UNREACHABLE = FindingClass(
    name="ring-unreachable",
    severity=Severity.ERROR,
    meaning="The hash ring's store is one that the processes cannot share, such as the default, Consul on localhost.",
    why="Ingesters do not find each other: nothing is written, or replicas exist on paper only.",
    remedy="Set common.ring.kvstore.store: memberlist and memberlist.join_members, or name the store's address.",
)
QUERY_QUEUE_BYPASSED = FindingClass(
    name="query-queue-bypassed",
    severity=Severity.WARNING,
    meaning="The query frontend sends queries to an address instead of into the query scheduler's queue.",
    why="Queriers no longer take what they can: one tenant's large query takes them all, and a service without a"
    " cluster address sends everything to a few of them.",
    remedy="Remove frontend.downstream_url, and set frontend.scheduler_address and frontend_worker.scheduler_address.",
)
STORAGE_ACCOUNT_MISSING = FindingClass(
    name="storage-account-missing",
    severity=Severity.ERROR,
    meaning="Azure storage is configured without an account: no account_name and no connection_string.",
    why="Loki accepts it, and fails at the first read or write.",
    remedy="Give the section an account, or set it once for all in common.storage.azure.",
)
COMPONENT_MISSING = FindingClass(
    name="component-missing",
    severity=Severity.ERROR,
    meaning="Helm values for a distributed Loki run no replica of a component that it needs.",
    why="The chart's default is 0, silently: without compactor nothing is deleted, without index gateway, query"
    " scheduler or query frontend nothing is found.",
    remedy="Set the component's replicas.",
)

TENANTS_WITHOUT_AUTH = FindingClass(
    name="tenants-without-auth",
    severity=Severity.CRITICAL,
    meaning="Tenants are configured or sent, while auth_enabled is false.",
    why="Loki ignores X-Scope-OrgID and writes everything as tenant `fake`: everybody reads everything, and no"
    " tenant's limits or retention count.",
    remedy="Set auth_enabled: true. Lines written before stay with the tenant `fake`.",
)
AGENT_WITHOUT_TENANT = FindingClass(
    name="agent-without-tenant",
    severity=Severity.ERROR,
    meaning="An agent sends lines without a tenant to a Loki that wants one.",
    why="Loki answers 401 `no org id`, and the agent drops the lines after its last retry.",
    remedy="Set the agent's tenant, or let a gateway add X-Scope-OrgID.",
)
GATEWAY_OPEN = FindingClass(
    name="gateway-open",
    severity=Severity.CRITICAL,
    meaning="An ingress publishes Loki without asking who is there.",
    why="Whoever reaches the address reads all logs, writes what they like, and can flush and stop ingesters.",
    remedy="Switch on gateway.basicAuth, or authenticate in the ingress, and publish only /loki/api/v1.",
)
SECURITY_DATA_SHARED = FindingClass(
    name="security-data-shared",
    severity=Severity.CRITICAL,
    meaning="Security logs lie on a storage account that another cluster uses too.",
    why="Whoever holds the other cluster's key reads and deletes the evidence.",
    remedy="Give the security cluster a storage account of its own.",
)

LIMITS_CONTRADICT = FindingClass(
    name="limits-contradict",
    severity=Severity.WARNING,
    meaning="Two limits of a tenant cannot both be meant.",
    why="The lower one always wins, and lines or queries are refused that the higher one promises.",
    remedy="Change one of the two.",
)

STRUCTURED_METADATA_UNSUPPORTED = FindingClass(
    name="structured-metadata-unsupported",
    severity=Severity.ERROR,
    meaning="allow_structured_metadata is true, its default, while the active schema is not tsdb with v13.",
    why="Loki 3 refuses to start.",
    remedy="Add a schema period with tsdb and v13; until its day set limits_config.allow_structured_metadata: false.",
)
SCHEMA_OUTDATED = FindingClass(
    name="schema-outdated",
    severity=Severity.WARNING,
    meaning="New logs are written with an index or a schema that Loki is giving up.",
    why="The next major version of Loki does not read it, and structured metadata and fast queries need tsdb with v13.",
    remedy="Add a schema period from a day in the future with store: tsdb and schema: v13. Never change a past one.",
)

KEY_REMOVED = FindingClass(
    name="key-removed",
    severity=Severity.ERROR,
    meaning="A key that an earlier Loki knew and Loki 3 does not.",
    why="Loki refuses to start.",
    remedy="Remove it, or write its replacement.",
)
KEY_DEPRECATED = FindingClass(
    name="key-deprecated",
    severity=Severity.WARNING,
    meaning="A key that Loki still reads and will not read for long.",
    why="A later version refuses to start with it.",
    remedy="Write its replacement.",
)
KEY_UNKNOWN = FindingClass(
    name="key-unknown",
    severity=Severity.ERROR,
    meaning="A key that the program does not know, mistyped or in the wrong section.",
    why="The program refuses to start.",
    remedy="Correct or remove it.",
)
LIMIT_UNKNOWN = FindingClass(
    name="limit-unknown",
    severity=Severity.ERROR,
    meaning="A key in limits_config or in a tenant's overrides that is no limit.",
    why="In limits_config, Loki 3.7 refuses to start. In the overrides, a running Loki drops the whole file with no"
    " more than a log line: no tenant's new limits count. Versions of Loki that read limits leniently ignore the"
    " key alone: a mistyped retention_period keeps logs for ever.",
    remedy="Correct or remove it. Watch loki_runtime_config_last_reload_successful.",
)
VALUE_REFUSED = FindingClass(
    name="value-refused",
    severity=Severity.ERROR,
    meaning="A duration or size that Loki cannot read: limits take whole numbers (90d), other sections take no days,"
    " sizes are whole and binary (10MB, not 10MiB).",
    why="Loki refuses to start.",
    remedy="Write it as Loki reads it.",
)
HELM_KEY_IGNORED = FindingClass(
    name="helm-key-ignored",
    severity=Severity.ERROR,
    meaning="A key in Helm values that the chart does not read.",
    why="Helm takes every key without a word. What it should have set keeps the chart's default.",
    remedy="Write it where the chart reads it.",
)
HELM_VALUES_REFUSED = FindingClass(
    name="helm-values-refused",
    severity=Severity.ERROR,
    meaning="Helm values with which the chart does not render, or whose objects Kubernetes refuses.",
    why="The release fails.",
    remedy="Change the values as the message says.",
)

HIGH_CARDINALITY_LABEL = FindingClass(
    name="high-cardinality-label",
    severity=Severity.ERROR,
    meaning="An agent makes a label of a field that has a value of its own in nearly every line or request.",
    why="Every combination of label values is a stream with its own chunks: the index grows, chunks stay tiny,"
    " queries slow down, and the stream limit refuses lines.",
    remedy="Keep the field in structured metadata, or in the line.",
)
AGENT_END_OF_LIFE = FindingClass(
    name="agent-end-of-life",
    severity=Severity.WARNING,
    meaning="An agent whose makers no longer mend it.",
    why="Security holes stay open on every node.",
    remedy="Move to Grafana Alloy: `alloy convert --source-format=promtail` translates the configuration.",
)
AGENT_POSITION_LOST = FindingClass(
    name="agent-position-lost",
    severity=Severity.WARNING,
    meaning="An agent does not remember across a restart how far it read.",
    why="After a restart it sends lines twice, or skips those written in between.",
    remedy="Keep its positions on a host path or a volume.",
)
AGENT_PORT_WRONG = FindingClass(
    name="agent-port-wrong",
    severity=Severity.ERROR,
    meaning="An agent sends to a port of the gateway that its service does not have.",
    why="No line of this agent arrives.",
    remedy="Send to the gateway's port, or set gateway.service.port.",
)
VARIABLE_NOT_EXPANDED = FindingClass(
    name="variable-not-expanded",
    severity=Severity.ERROR,
    meaning="A ${VARIABLE} in an agent's configuration, where nothing makes the agent replace it.",
    why="The text itself is taken as the secret or address, so the agent never gets in.",
    remedy="Start the agent with -config.expand-env=true: in the chart, extraArgs.",
)
DROP_TOO_BROAD = FindingClass(
    name="drop-too-broad",
    severity=Severity.ERROR,
    meaning="A drop stage throws away every line in which a short word stands anywhere, also inside other words.",
    why="`health` drops `unhealthy`, `ping` drops `shipping failed`: the lines that matter are lost without a trace.",
    remedy="Match what the noise really looks like, such as the path of a request: `GET /healthz`.",
)
PIPELINE_STAGE_USELESS = FindingClass(
    name="pipeline-stage-useless",
    severity=Severity.WARNING,
    meaning="A pipeline stage that cannot do its work where it stands.",
    why="Promtail accepts it and says nothing: lines arrive unparsed, with the wrong time, or torn apart.",
    remedy="Change or move the stage as the message says.",
)
SOURCE_SHIPPED_TWICE = FindingClass(
    name="source-shipped-twice",
    severity=Severity.WARNING,
    meaning="Two agents tail the same files.",
    why="With other labels the same line is another line: it is stored, counted and paid for twice.",
    remedy="Leave the files to one of the agents.",
)

CLASSES: tuple[FindingClass, ...] = tuple(
    declared for declared in vars().values() if isinstance(declared, FindingClass)
)

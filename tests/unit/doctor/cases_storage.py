"""Cases for retention, lifecycle, storage and limits: class, path, files with the defect, files without it."""

from tests.unit.doctor.files import loki, overrides, policy, policy_of, terraform, values

SECURITY = {"account_name": "vault", "container_name": "security-logs"}
ALL_DAY = {"selector": '{a="b"}', "priority": 1, "period": "100d"}
RULE = "rules[0].definition.actions.baseBlob"
PREFIXES = [f"raw/{number}/" for number in range(11)]


def alone(**storage: str) -> str:
    """Return the configuration of a security cluster."""
    return loki(storage_config__azure=storage, ruler=None)


CASES: list[tuple[str, str, list[str], list[str]]] = [
    ("retention-short", "limits_config.retention_period", [loki(limits_config__retention_period="744h")], [loki()]),
    (
        "retention-short",
        "limits_config.retention_stream[0].period",
        [loki(limits_config__retention_stream=[{**ALL_DAY, "period": "30d"}])],
        [loki(limits_config__retention_stream=[ALL_DAY])],
    ),
    (
        "retention-short",
        "overrides.application.retention_period",
        [loki(), overrides(retention_period="89d")],
        [loki(), overrides(retention_period="90d")],
    ),
    ("retention-not-enabled", "compactor.retention_enabled", [loki(compactor__retention_enabled=False)], [loki()]),
    ("retention-not-enabled", "loki.compactor.retention_enabled", [values(loki__compactor=None)], [values()]),
    (
        "retention-unlimited",
        "overrides.application.retention_period",
        [loki(), overrides(retention_period="0")],
        [loki(), overrides(retention_period="90d")],
    ),
    ("retention-unlimited", "limits_config.retention_period", [loki(limits_config=None)], [loki()]),
    (
        "stream-retention-refused",
        "overrides.application.retention_stream[0].period",
        [loki(), overrides(retention_stream=[{**ALL_DAY, "period": "23h"}])],
        [loki(), overrides(retention_stream=[ALL_DAY])],
    ),
    ("delete-store-missing", "compactor.delete_request_store", [loki(compactor__delete_request_store=None)], [loki()]),
    (
        "lifecycle-policy-refused",
        "rules[0].definition.filters.prefixMatch[10]",
        [policy_of(("raw", PREFIXES))],
        [policy_of(("raw", PREFIXES[:10]))],
    ),
    (
        "lifecycle-policy-refused",
        "rules",
        [policy_of(*((f"raw-{number}", [f"raw/{number}/"]) for number in range(101)))],
        [policy_of(*((f"raw-{number}", [f"raw/{number}/"]) for number in range(100)))],
    ),
    (
        "lifecycle-policy-refused",
        "rules[1]",
        [policy_of(("raw", ["raw/1/"]), ("raw", ["raw/2/"]))],
        [policy_of(("raw", ["raw/1/"]), ("Raw", ["raw/2/"]))],
    ),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(), policy(delete=90)],
        [loki(), policy(delete=91)],
    ),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(limits_config__retention_stream=[ALL_DAY]), policy(delete=100)],
        [loki(limits_config__retention_stream=[ALL_DAY]), policy(delete=101)],
    ),
    (
        "lifecycle-deletes-early",
        f"{RULE}.delete.daysAfterModificationGreaterThan",
        [loki(), overrides(retention_period="180d"), policy(delete=91)],
        [loki(), overrides(retention_period="180d"), policy("loki-chunks/other/", delete=91)],
    ),
    (
        "lifecycle-archives-live",
        f"{RULE}.tierToArchive.daysAfterModificationGreaterThan",
        [loki(), policy(tierToArchive=90)],
        [loki(), policy("system-logs/", tierToArchive=90)],
    ),
    (
        "lifecycle-touches-index",
        "rules[0].definition.filters.prefixMatch[0]",
        [loki(), policy("loki-chunks/", tierToCool=30)],
        [loki(), policy("loki-chunks/application/", tierToCool=30)],
    ),
    (
        "lifecycle-touches-index",
        "rules[0].definition.filters.prefixMatch[0]",
        [loki(), policy("loki-ch", tierToCool=30)],
        [loki(), policy("loki-ruler/", tierToCool=30)],
    ),
    (
        "lifecycle-cools-early",
        f"{RULE}.tierToCool.daysAfterModificationGreaterThan",
        [loki(), policy(tierToCool=29)],
        [loki(), policy(tierToCool=30)],
    ),
    (
        "lifecycle-not-applied",
        "azurerm_storage_lifecycle_management_policy.loki",
        [terraform("azurerm_storage_lifecycle_management_policy")],
        [terraform()],
    ),
    (
        "lifecycle-not-applied",
        "azurerm_storage_management_policy.loki.rule[0].enabled",
        [terraform(enabled="false")],
        [terraform()],
    ),
    (
        "early-deletion-fee",
        f"{RULE}.tierToArchive.daysAfterModificationGreaterThan",
        [policy("system-logs/", tierToArchive=90, delete=180)],
        [policy("system-logs/", tierToArchive=90, delete=270)],
    ),
    (
        "early-deletion-fee",
        f"{RULE}.tierToCold.daysAfterModificationGreaterThan",
        [loki(), policy(tierToCold=30)],
        [loki(), policy(tierToCool=30)],
    ),
    (
        "storage-account-missing",
        "ruler.storage.azure.account_name",
        [loki(ruler__storage__azure={"container_name": "loki-ruler"})],
        [loki(ruler__storage__azure={"container_name": "r"}, common__storage={"azure": {"account_name": "logs"}})],
    ),
    (
        "security-data-shared",
        "storage_config.azure.account_name",
        [loki(), alone(account_name="logs", container_name="security-logs")],
        [loki(), alone(**SECURITY)],
    ),
    (
        "security-data-shared",
        "storage_config.azure.account_name",
        [loki(), alone(connection_string="AccountName=logs;AccountKey=hush", container_name="security-logs")],
        [loki(), alone(connection_string="AccountName=vault;AccountKey=hush", container_name="security-logs")],
    ),
    (
        "limits-contradict",
        "limits_config.per_stream_rate_limit",
        [loki(limits_config__per_stream_rate_limit="10MB", limits_config__ingestion_rate_mb=6)],
        [loki(limits_config__per_stream_rate_limit="6MB", limits_config__ingestion_rate_mb=6)],
    ),
    (
        "limits-contradict",
        "overrides.application.ingestion_rate_mb",
        [loki(limits_config__per_stream_rate_limit="3MB"), overrides(ingestion_rate_mb=2)],
        [loki(), overrides(ingestion_rate_mb=2)],
    ),
    (
        "limits-contradict",
        "limits_config.per_stream_rate_limit_burst",
        [loki(limits_config__per_stream_rate_limit_burst="20MB", limits_config__ingestion_burst_size_mb=6)],
        [loki(limits_config__ingestion_rate_mb=20, limits_config__ingestion_burst_size_mb=10)],
    ),
    (
        "limits-contradict",
        "limits_config.max_query_lookback",
        [loki(limits_config__max_query_lookback="30d")],
        [loki(limits_config__max_query_lookback="90d")],
    ),
    (
        "value-refused",
        "limits_config.retention_period",
        [loki(limits_config__retention_period="90 days")],
        [loki(limits_config__retention_period="90d")],
    ),
    (
        "value-refused",
        "limits_config.per_stream_rate_limit",
        [loki(limits_config__per_stream_rate_limit="3MiB")],
        [loki(limits_config__per_stream_rate_limit="3MB")],
    ),
    (
        "value-refused",
        "compactor.retention_delete_delay",
        [loki(compactor__retention_delete_delay="1d")],
        [loki(compactor__retention_delete_delay="24h")],
    ),
]

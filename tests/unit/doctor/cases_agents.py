"""Cases for agents, access and Helm values: class, path, files with the defect, files without it."""

from tests.unit.doctor.files import FLUENT_BIT, PERIOD, loki, overrides, promtail, promtail_values, stages, values

PUBLIC = {"enabled": True, "hosts": [{"host": "logs.example.com"}]}

JOIN = {
    "source_labels": ["__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"],
    "target_label": "__path__",
}


def pod_job(separator: str | None = "/", stages: list[dict[str, object]] | None = None) -> str:
    """Return a Promtail configuration with one job that reads the logs of pods."""
    rule = {**JOIN, "replacement": "/var/log/pods/*$1/*.log", **({"separator": separator} if separator else {})}
    job = {"job_name": "pods", "kubernetes_sd_configs": [{"role": "pod"}], "relabel_configs": [rule]}
    return promtail(scrape_configs=[{**job, "pipeline_stages": [{"cri": {}}] if stages is None else stages}])


CASES: list[tuple[str, str, list[str], list[str]]] = [
    ("component-missing", "compactor.replicas", [values(compactor={"enabled": True})], [values()]),
    (
        "component-missing",
        "ruler.replicas",
        [values(loki__rulerConfig={"alertmanager_url": "http://alertmanager"})],
        [values(loki__rulerConfig={"alertmanager_url": "http://alertmanager"}, ruler={"replicas": 1})],
    ),
    ("tenants-without-auth", "auth_enabled", [loki(auth_enabled=False), promtail()], [loki(auth_enabled=False)]),
    ("tenants-without-auth", "auth_enabled", [loki(auth_enabled=False), overrides()], [loki(), overrides()]),
    ("agent-without-tenant", "", [loki(), promtail(clients__0__tenant_id=None)], [loki(), promtail()]),
    (
        "agent-without-tenant",
        "config",
        [values(), promtail_values(config__clients__0__tenant_id=None)],
        [values(loki__tenants=[{"name": "application"}]), promtail_values(config__clients__0__tenant_id=None)],
    ),
    (
        "gateway-open",
        "gateway.ingress",
        [values(gateway={"ingress": PUBLIC})],
        [values(gateway={"ingress": PUBLIC, "basicAuth": {"enabled": True}})],
    ),
    (
        "gateway-open",
        "gateway.ingress",
        [values(gateway={"ingress": {**PUBLIC, "annotations": {"cert-manager.io/issuer": "x"}}})],
        [values(gateway={"ingress": {**PUBLIC, "annotations": {"nginx.ingress.kubernetes.io/auth-url": "x"}}})],
    ),
    (
        "helm-key-ignored",
        "loki.schema_config",
        [values(loki__schemaConfig=None, loki__schema_config={"configs": [PERIOD]})],
        [values()],
    ),
    (
        "helm-key-ignored",
        "loki.limitsConfig",
        [values(loki__limitsConfig={"retention_period": "90d"})],
        [values(loki__limits_config={"retention_period": "90d"})],
    ),
    (
        "helm-key-ignored",
        "query-frontend",
        [values(queryFrontend=None, **{"query-frontend": {"replicas": 2}})],
        [values()],
    ),
    (
        "helm-key-ignored",
        "ingester.persistence.size",
        [values(ingester__persistence__size="10Gi")],
        [values(ingester__persistence__size="10Gi", ingester__persistence__claims=[])],
    ),
    (
        "helm-key-ignored",
        "config.lokiAddress",
        [promtail_values(config__lokiAddress="http://loki:3100")],
        [promtail_values()],
    ),
    ("helm-values-refused", "deploymentMode", [values(deploymentMode=None)], [values()]),
    ("helm-values-refused", "deploymentMode", [values(write=None)], [values()]),
    ("helm-values-refused", "loki.storage.bucketNames", [values(loki__storage__bucketNames=None)], [values()]),
    ("helm-values-refused", "loki.schemaConfig", [values(loki__schemaConfig=None)], [values()]),
    (
        "helm-values-refused",
        "loki.server.grpc_listen_port",
        [values(loki__server={"grpc_listen_port": 9096})],
        [values(loki__server={"grpc_listen_port": 9095})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].pipeline_stages[0].labels.requestId",
        [stages({"labels": {"requestId": None}})],
        [stages({"structured_metadata": {"requestId": None}})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].pipeline_stages[0].labels.trace",
        [stages({"labels": {"trace": "trace_id"}})],
        [stages({"labels": {"level": "severity"}})],
    ),
    (
        "high-cardinality-label",
        "scrape_configs[0].relabel_configs[0].target_label",
        [promtail(scrape_configs__0__relabel_configs=[{"target_label": "pod_ip"}])],
        [promtail(scrape_configs__0__relabel_configs=[{"target_label": "pod"}])],
    ),
    (
        "high-cardinality-label",
        "OUTPUT[0].labels",
        [FLUENT_BIT.replace("job=fluent-bit", "user_id=$user_id")],
        [FLUENT_BIT],
    ),
    (
        "high-cardinality-label",
        "OUTPUT[0].auto_kubernetes_labels",
        [FLUENT_BIT + "    auto_kubernetes_labels on\n"],
        [FLUENT_BIT + "    auto_kubernetes_labels off\n"],
    ),
    ("agent-end-of-life", "", [promtail()], [FLUENT_BIT]),
    (
        "agent-position-lost",
        "positions.filename",
        [promtail(positions__filename="/tmp/positions.yaml")],
        [promtail()],
    ),
    ("agent-position-lost", "INPUT[0].DB", [FLUENT_BIT.replace("    DB ", "    Tag")], [FLUENT_BIT]),
    (
        "agent-port-wrong",
        "OUTPUT[0].port",
        [values(), FLUENT_BIT.replace("port 80", "port 3100")],
        [values(gateway={"service": {"port": 3100}}), FLUENT_BIT.replace("port 80", "port 3100")],
    ),
    (
        "agent-port-wrong",
        "clients[0].url",
        [values(), promtail(clients__0__url="http://loki-gateway.monitoring:3100/loki/api/v1/push")],
        [values(), promtail(clients__0__url="http://elsewhere:3100/loki/api/v1/push")],
    ),
    (
        "variable-not-expanded",
        "config.clients[0].tenant_id",
        [promtail_values(extraArgs=None)],
        [promtail_values()],
    ),
    (
        "drop-too-broad",
        "scrape_configs[0].pipeline_stages[0].drop.expression",
        [stages({"drop": {"expression": ".*health.*|.*ping.*"}})],
        [stages({"drop": {"expression": '"path":"/(health|ping)"'}})],
    ),
    (
        "drop-too-broad",
        "scrape_configs[0].pipeline_stages[0].drop.expression",
        [stages({"drop": {"expression": "(?i)health"}})],
        [stages({"drop": {"expression": "DEBUG"}}, {"drop": {"source": "path", "expression": "health"}})],
    ),
    (
        "pipeline-stage-useless",
        "scrape_configs[0].pipeline_stages[1].multiline",
        [stages({"regex": {"expression": "x"}}, {"multiline": {"firstline": "^2"}})],
        [stages({"multiline": {"firstline": "^2"}}, {"regex": {"expression": "x"}})],
    ),
    (
        "pipeline-stage-useless",
        "config.snippets.pipelineStages[0].docker",
        [promtail_values(config__snippets__pipelineStages=[{"docker": {}}])],
        [promtail_values()],
    ),
    (
        "source-shipped-twice",
        "INPUT[0].Path",
        [promtail_values(), FLUENT_BIT.replace("/var/log/audit/", "/var/log/containers/")],
        [promtail_values(), FLUENT_BIT],
    ),
    ("path-matches-nothing", "scrape_configs[0].relabel_configs[0].replacement", [pod_job(None)], [pod_job()]),
    ("path-matches-nothing", "scrape_configs[0].relabel_configs[0].replacement", [pod_job("_")], [pod_job()]),
    (
        "path-matches-nothing",
        "scrape_configs[0].static_configs[0].labels.__path__",
        [promtail(scrape_configs__0__static_configs=[{"labels": {"__path__": "/app/"}}])],
        [promtail(scrape_configs__0__static_configs=[{"labels": {"__path__": "/app/*"}}])],
    ),
    (
        "path-matches-nothing",
        "scrape_configs[0].static_configs[0].labels.__path__",
        [promtail(scrape_configs__0__static_configs=[{"labels": {"__path__": "~/app/*.log"}}])],
        [promtail(scrape_configs__0__static_configs=[{"labels": {"__path__": "/home/*/app/*.log"}}])],
    ),
    (
        "path-matches-nothing",
        "scrape_configs[0]",
        [promtail(scrape_configs__0__static_configs=[{"labels": {"job": "app"}}])],
        [promtail(scrape_configs=[{"job_name": "system", "journal": {"labels": {"job": "system"}}}])],
    ),
    (
        "pod-lines-unparsed",
        "scrape_configs[0].pipeline_stages",
        [pod_job(stages=[])],
        [pod_job(stages=[{"match": {"selector": '{job="x"}', "stages": [{"cri": {}}]}}])],
    ),
    (
        "pod-lines-unparsed",
        "config.snippets.pipelineStages",
        [promtail_values(config__snippets__pipelineStages=[{"json": {}}])],
        [promtail_values()],
    ),
]

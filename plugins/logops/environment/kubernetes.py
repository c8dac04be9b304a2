"""The platform `kubernetes`: where an environment is deployed, and with which Helm charts."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import Model, Name


class Chart(Model):
    """A Helm chart, pinned by version and digest."""

    source: Annotated[str, Field(pattern=r"^(oci://|https://|/)[^\s?#@]*[^\s?#@/]$")]
    """`oci://REGISTRY/PATH/CHART`, `https://REPOSITORY/CHART`, or the absolute path of an archive or folder, for
    clusters without internet."""
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.+-]+)?$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """SHA-256 of the archive: `digest` in the index of a repository, or `sha256sum CHART.tgz`. Null: only for a
    folder."""

    @model_validator(mode="after")
    def _download_has_a_digest(self) -> "Chart":
        if self.digest is None and not self.source.startswith("/"):
            raise ValueError("digest: a chart from a registry or repository needs one. Add the SHA-256 of its archive")
        return self


class Charts(Model):
    """The charts of the releases. The defaults are those that logops is tested with."""

    loki: Chart = Chart(
        source="oci://ghcr.io/grafana-community/helm-charts/loki",
        version="18.11.0",
        digest="d4d99424d197e1460878093c9fced02346669ab0698a0dca7c575ab76fff7aeb",
    )
    alloy: Chart = Chart(
        source="https://grafana.github.io/helm-charts/alloy",
        version="1.11.1",
        digest="cc4cd48a885c070fe8b2929971552852375c11e92d95fc6337d0c3fa277ac575",
    )
    promtail: Chart = Chart(
        source="https://grafana.github.io/helm-charts/promtail",
        version="6.17.1",
        digest="12115103a3b94932473fb3873aa670a68da9504e2f323c03790257088b479d9f",
    )
    fluent_bit: Chart = Chart(
        source="oci://ghcr.io/fluent/helm-charts/fluent-bit",
        version="0.58.1",
        digest="fc2235278cdb4e76befb8520464a66ff459c6d7711bbbc8755dedcc32799877b",
    )
    alertmanager: Chart | None = None
    """Chart `alertmanager` of the Prometheus community. Null: logops runs no Alertmanager. Otherwise it runs a pair for
    each of `alerts.standard` and `alerts.security` that names no `urls`."""


class Network(Model):
    """Who may connect to Loki's pods, and to what they may connect.

    Users and agents outside of these namespaces connect to the gateway.
    """

    ingress_namespace: Name = "ingress-nginx"
    """Namespace of the ingress controller. It may connect to gateways only."""
    airflow_namespace: Name = "airflow"
    """Namespace of Airflow. Its checks read every process."""
    prometheus_namespace: Name = "monitoring"
    """Namespace of Prometheus. Only pods with the label app.kubernetes.io/name: prometheus may connect."""


class MetricsServer(Model):
    """A pod that serves the metrics of logops. It needs neither Airflow nor its database."""

    image: Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9.:/_@-]+$")]
    """The image of Airflow with logops, built from the commit that has this environment file."""
    workload_identity_client_id: str
    """Client id of a managed identity with the role Storage Blob Data Reader on the container of `results`."""


class KubernetesPlatform(Model):
    """A Kubernetes cluster, accessed through an Airflow connection."""

    kind: Literal["kubernetes"]
    connection: str = "kubernetes_default"
    azure_connection: str = "azure_default"
    """Airflow connection with the login to Azure. If it does not exist, the worker's own identity is used."""
    namespace: Name = "monitoring"
    """Namespace of agents, and of clusters that name no other one."""
    charts: Charts = Charts()
    image_registry: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:/_-]+$")] | None = None
    """Registry that mirrors all images, for clusters without internet. Null: the registries of the charts."""
    prometheus_operator: bool = True
    """Whether the cluster has the Prometheus operator's resources: ServiceMonitor and PrometheusRule. Helm refuses
    releases with them if the cluster has not."""
    metrics: MetricsServer | None = None
    """Null: logops deploys no server of its metrics."""
    network: Network | None = Network()
    """Null: no network policies. Then every pod of the cluster can read all logs: Loki trusts the tenant in a
    request."""

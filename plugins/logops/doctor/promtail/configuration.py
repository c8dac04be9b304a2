"""Find Promtail's configuration in a file: its own file, values of its Helm chart, a ConfigMap or a Secret."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from logops.doctor.deployment import Location
from logops.doctor.promtail.templates import parse_template
from logops.doctor.promtail.value import Ledger, Value
from logops.doctor.reading.fluentbit import is_classic
from logops.doctor.reading.loki import is_loki_config
from logops.doctor.reading.promtail import PROMTAIL_VALUES, is_promtail_config
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_list, as_mapping

ACCEPTED = "Promtail's configuration, values of its Helm chart, or a ConfigMap or Secret with its configuration"

_PROMTAIL = re.compile(r"\b(?:scrape_configs|clients)\b")
_ALLOY = re.compile(r'^\s*(?:loki|discovery|local|prometheus|otelcol)\.[\w.]+(?:\s+"\w+")?\s*\{', re.MULTILINE)
_CHART_JOB = "(default of the chart)"
"""Path of the job that the chart has by itself."""
_FIRST_OF = r"^;*([^;]+)(;.*)?$"
_META = "__meta_kubernetes_pod_"


@dataclass
class Job:
    """A scrape job, with the stages and rules that other parts of the file add to it."""

    value: Value
    stages: list[Value]
    relabel_configs: list[Value]


@dataclass
class Configuration:
    """A configuration of Promtail, put together from the parts of a file.

    config    the keys apart from clients and jobs
    address   the address of Loki, if no client has it
    chart     the values of the chart, if the configuration is in them
    """

    config: Value
    clients: list[Value] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    address: Value | None = None
    chart: Value | None = None

    def note_unused(self) -> None:
        """Note every key that nobody used."""
        for job in self.jobs:
            job.value.note_unused()
        if self.config is not self.chart:
            for _, value in self.config.fields():
                value.note_unused()
        if self.chart:
            self.chart.at("config").note_unused()
            self._note_deployment(self.chart)

    @staticmethod
    def _note_deployment(chart: Value) -> None:
        """Note the values that are about Kubernetes, all at once."""
        others = [name for name, value in chart.fields() if name != "config" and not value.is_used()]
        if others:
            chart.ledger.note_todo(
                chart.location,
                f"deploy the agent with its own chart, and set there as needed: {', '.join(others)}. logops does not "
                "deploy agents on Kubernetes yet",
            )


def find_configurations(text: str, file: str, ledger: Ledger) -> list[Configuration]:
    """Return the configurations of Promtail in a file. Raises DocumentError for a file without one."""
    _refuse_other_programs(text, file)
    documents = parse(text, file)
    if not documents:
        raise DocumentError(file, "the file is empty", ACCEPTED)
    configurations: list[Configuration] = []
    for number, document in enumerate(documents):
        location = Location(file, document=number)
        in_document = list(_configurations(Value(document, location, ledger), text))
        configurations += in_document
        if not in_document and len(documents) > 1:
            kind = as_mapping(document).get("kind", "document without a kind")
            ledger.note_changed(location, f"document {number + 1} ({kind}) has no configuration of Promtail: not read")
    if not configurations:
        _refuse_unknown(as_mapping(documents[0]), file)
    return configurations


def _configurations(document: Value, text: str) -> Iterator[Configuration]:
    data = as_mapping(document.data)
    if data.get("kind") in ("ConfigMap", "Secret"):
        yield from _in_manifest(document)
    elif PROMTAIL_VALUES & as_mapping(data.get("config")).keys():
        yield _chart_values(document)
    elif "scrape_configs" in data or is_promtail_config(data):
        yield _plain(document)


def _plain(config: Value) -> Configuration:
    clients = config.at("clients").elements() or ([config.at("client")] if config.at("client") else [])
    jobs = [_job(job) for job in config.at("scrape_configs").elements()]
    return Configuration(config, clients, jobs)


def _job(job: Value) -> Job:
    return Job(job, job.at("pipeline_stages").elements(), [job.at("relabel_configs")])


def _in_manifest(document: Value) -> Iterator[Configuration]:
    is_secret = as_mapping(document.data).get("kind") == "Secret"
    for section in ("data", "stringData"):
        for _, value in document.at(section).fields():
            text = _decoded(value.data) if is_secret and section == "data" else value.data
            # Another text of the manifest need not be YAML.
            is_ours = _PROMTAIL.search(str(text)) is not None
            config = parse_template(str(text), value, document.ledger) if is_ours else None
            if is_promtail_config(as_mapping(config)):
                yield _plain(Value(config, value.location, document.ledger))
            else:
                value.changed("this is no configuration of Promtail: not read")


def _decoded(text: Any) -> str:
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _chart_values(document: Value) -> Configuration:
    """Return the configuration that the chart makes of its values."""
    values = document.at("config")
    snippets = values.at("snippets")
    if file := values.at("file"):
        text = str(file.data)
        inner = Value(parse_template(text, file, document.ledger), file.location, document.ledger)
        configuration = _plain(inner)
        configuration.clients += values.at("clients").elements() if ".Values.config.clients" in text else []
        jobs = [part for part in ("scrapeConfigs", "extraScrapeConfigs") if f"snippets.{part}" in text]
        file.use()
    else:
        configuration = Configuration(values, values.at("clients").elements())
        jobs = ["scrapeConfigs", "extraScrapeConfigs"]
    configuration.address = values.at("lokiAddress") if not configuration.clients else None
    configuration.chart = document
    for part in jobs:
        configuration.jobs += _snippet_jobs(snippets, part, document.ledger)
    _add_ignored_jobs(values, configuration)
    if "scrapeConfigs" in jobs and not snippets.at("scrapeConfigs") and not _pod_jobs(configuration):
        configuration.jobs.insert(0, _chart_job(snippets, document.ledger))
    for name in ("logLevel", "logFormat", "serverPort", "enableTracing", "enabled"):
        values.at(name).use()  # They are about Promtail's own process.
    snippets.at("addScrapeJobLabel").use_if(False)
    return configuration


def _snippet_jobs(snippets: Value, part: str, ledger: Ledger) -> list[Job]:
    """Return the jobs in a text of the values. They may refer to other snippets."""
    value = snippets.at(part)
    value.use()
    if not value.data:
        return []
    text = value.data if isinstance(value.data, str) else ""
    data = parse_template(text, value, ledger) if text else value.data
    jobs = [_job(job) for job in Value(as_list(data), value.location, ledger).elements()]
    for job in jobs:
        if "kubernetes_sd_configs" not in job.value:
            continue
        if ".pipelineStages" in text and not job.stages:
            job.stages = snippets.at("pipelineStages").elements()
        if ".common" in text:
            job.relabel_configs.append(snippets.at("common"))
        if ".extraRelabelConfigs" in text:
            job.relabel_configs.append(snippets.at("extraRelabelConfigs"))
    return jobs


def _add_ignored_jobs(values: Value, configuration: Configuration) -> None:
    """Add the jobs below `config.scrapeConfigs`, which no chart reads, but which users write."""
    ignored = values.at("scrapeConfigs")
    if not ignored:
        return
    ignored.ledger.note_changed(
        ignored.location,
        "no version of the chart reads this key: Promtail ran with the chart's own job for pods only. The jobs are "
        "carried over as they are meant",
    )
    configuration.jobs += [_job(job) for job in ignored.elements()]
    stages = values.at("snippets", "pipelineStages")
    for job in _pod_jobs(configuration)[:1]:
        if stages:
            job.stages = [*job.stages, *stages.elements()]


def _pod_jobs(configuration: Configuration) -> list[Job]:
    return [job for job in configuration.jobs if "kubernetes_sd_configs" in job.value]


def _chart_job(snippets: Value, ledger: Ledger) -> Job:
    """Return the job for pods that the chart has by itself (chart 6.17, values.yaml)."""
    location = Location(snippets.location.file, _CHART_JOB, snippets.location.document)
    controller = f"{_META}controller_name"
    rules = [
        _copy([controller], "__tmp_controller_name", regex=r"([0-9a-z-.]+?)(-[0-9a-f]{8,10})?"),
        _copy(
            [f"{_META}label_app_kubernetes_io_name", f"{_META}label_app", "__tmp_controller_name", f"{_META}name"],
            "app",
            regex=_FIRST_OF,
        ),
        _copy([f"{_META}label_app_kubernetes_io_instance", f"{_META}label_instance"], "instance", regex=_FIRST_OF),
        _copy([f"{_META}label_app_kubernetes_io_component", f"{_META}label_component"], "component", regex=_FIRST_OF),
    ]
    default = {"job_name": "kubernetes-pods", "kubernetes_sd_configs": [{"role": "pod"}], "relabel_configs": rules}
    job = Value(default, location, ledger)
    common = snippets.at("common")
    if not common:
        common = Value(list(_default_common()), location.at("common"), ledger)
    stages = snippets.at("pipelineStages").elements() or Value([{"cri": {}}], location, ledger).elements()
    return Job(job, stages, [job.at("relabel_configs"), common, snippets.at("extraRelabelConfigs")])


def _default_common() -> Iterator[Mapping[str, Any]]:
    yield _copy([f"{_META}node_name"], "node_name")
    yield _copy(["__meta_kubernetes_namespace"], "namespace")
    yield _copy(["namespace", "app"], "job", separator="/")
    yield _copy([f"{_META}name"], "pod")
    yield _copy([f"{_META}container_name"], "container")
    path = {"separator": "/", "replacement": "/var/log/pods/*$1/*.log"}
    yield _copy([f"{_META}uid", f"{_META}container_name"], "__path__", **path)
    annotation = "kubernetes_io_config_hash"
    static = [f"{_META}annotationpresent_{annotation}", f"{_META}annotation_{annotation}", f"{_META}container_name"]
    yield _copy(static, "__path__", regex="true/(.*)", **path)


def _copy(sources: list[str], target: str, **others: str) -> dict[str, Any]:
    return {"source_labels": sources, "target_label": target, **others}


def _refuse_other_programs(text: str, file: str) -> None:
    if is_classic(text) and "apiVersion:" not in text:
        raise DocumentError(file, f"this is a configuration of Fluent Bit. {_BY_HAND}", ACCEPTED)
    if _ALLOY.search(text):
        raise DocumentError(file, f"this is a configuration of Alloy. {_BY_HAND}", ACCEPTED)


_BY_HAND = (
    "Only Promtail's is read: write its inputs as `sources` of the environment (docs/agents.md), and compare with "
    "`logops agents test`"
)


def _refuse_unknown(document: Mapping[str, Any], file: str) -> None:
    keys = document.keys()
    texts = as_mapping(document.get("data")).values() if document.get("kind") == "ConfigMap" else ()
    if isinstance(document.get("pipeline"), Mapping) or any(is_classic(str(text)) for text in texts):
        program = "Fluent Bit"
    elif {"receivers", "exporters"} <= keys:
        program = "the OpenTelemetry Collector"
    elif {"sources", "sinks"} <= keys:
        program = "Vector"
    else:
        if is_loki_config(document) or isinstance(document.get("loki"), Mapping):
            raise DocumentError(file, "this is a configuration of Loki: use `logops doctor --migrate`", ACCEPTED)
        names = ", ".join(sorted(map(str, keys))[:8])
        raise DocumentError(file, "it has no scrape_configs" + (f". Its keys: {names}" if names else ""), ACCEPTED)
    raise DocumentError(file, f"this is a configuration of {program}. {_BY_HAND}", ACCEPTED)

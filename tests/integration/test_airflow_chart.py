"""The values for Airflow's official chart against the installed Airflow, Kubernetes' own models and the Dockerfile.

The chart itself is not installed: it cannot be fetched where these tests run.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient

from tests.support import airflow_home

# isort: split
from airflow import __version__ as AIRFLOW_VERSION
from airflow.configuration import conf

from logops.airflow.nightly import VARIABLE as NIGHTLY
from logops.airflow.nightly import environments
from logops.airflow.pools import VARIABLE as LOKI_POOL

ROOT = airflow_home.ROOT
FOLDER = ROOT / "include/helm/airflow"
DOCUMENT = (ROOT / "docs/airflow-production.md").read_text()
# Written by hand from the parameters of chart 1.22.0.
OF_THE_CHART = {
    "airflowVersion",
    "apiSecretKeySecretName",
    "apiServer",
    "config",
    "createUserJob",
    "dagProcessor",
    "data",
    "env",
    "executor",
    "fernetKeySecretName",
    "images",
    "ingress",
    "jwtSecretName",
    "labels",
    "postgresql",
    "redis",
    "scheduler",
    "statsd",
    "triggerer",
    "workers",
}


def values(name: str) -> Mapping[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text()))


BOTH = [pytest.param(values(name), id=name) for name in ("values.yaml", "celery.yaml")]


def parsed(kind: str, value: Any) -> Any:
    """Return a value as Kubernetes' own model reads it. Keys that the model does not know are left out."""
    client = ApiClient()
    model = client._ApiClient__deserialize(value, kind)  # type: ignore[attr-defined]
    return client.sanitize_for_serialization(model)


def of_key(value: Any, wanted: str) -> Iterator[Any]:
    """Yield every value of a key, at any depth."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if key == wanted:
            yield child
        yield from of_key(child, wanted)


@pytest.mark.parametrize("given", BOTH)
def test_values_are_keys_of_the_chart(given: Mapping[str, Any]) -> None:
    assert set(given) <= OF_THE_CHART


@pytest.mark.parametrize("given", BOTH)
def test_configuration_has_only_options_of_the_installed_airflow(given: Mapping[str, Any]) -> None:
    options = {
        (section, option)
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }
    given_options = {(section, option) for section, values in given["config"].items() for option in values}

    assert given_options
    assert given_options <= options


@pytest.mark.parametrize("given", BOTH)
def test_resources_are_read_completely_by_the_model_of_kubernetes(given: Mapping[str, Any]) -> None:
    resources = [*of_key(given, "resources")]

    assert resources
    assert [parsed("V1ResourceRequirements", value) for value in resources] == resources


def test_model_leaves_out_an_unknown_key() -> None:
    assert parsed("V1ResourceRequirements", {"limit": {"memory": "1Gi"}}) == {}


def test_classes_in_the_configuration_exist() -> None:
    config = values("values.yaml")["config"]
    backend = config["secrets"]["backend"]
    module, _, name = backend.rpartition(".")

    secrets = getattr(import_module(module), name)(**json.loads(config["secrets"]["backend_kwargs"]))

    assert secrets.build_path("airflow-connections", "security_storage", "-") == "airflow-connections-security-storage"


def test_version_and_variables_are_those_of_this_project() -> None:
    given = values("values.yaml")
    variables = {variable["name"]: variable["value"] for variable in given["env"]}

    assert given["airflowVersion"] == AIRFLOW_VERSION
    assert set(variables) == {NIGHTLY, LOKI_POOL}
    assert variables[NIGHTLY] in environments(ROOT)


def test_no_value_is_a_secret() -> None:
    text = "".join((FOLDER / name).read_text() for name in ("values.yaml", "celery.yaml"))
    sensitive = {
        option
        for described in conf.configuration_description.values()
        for option, details in described["options"].items()
        if details.get("sensitive")
    }

    # It has no secret here: an address, and prefixes of names.
    assert {name for name in re.findall(r"(\w+):", text) if name in sensitive} == {"backend_kwargs"}


def test_every_secret_is_created_in_the_document() -> None:
    text = "".join((FOLDER / name).read_text() for name in ("values.yaml", "celery.yaml"))
    secrets = set(re.findall(r"(?:SecretName|KeySecretName): ([\w-]+)", text))

    assert len(secrets) == 5
    assert [name for name in secrets if f"generic {name} " not in DOCUMENT] == []

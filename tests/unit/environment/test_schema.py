import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from logops.environment import environment_schema

ENVIRONMENTS = Path(__file__).parents[3] / "include" / "environments"
SCHEMA = ENVIRONMENTS / "schema.json"


def faults(data: Any) -> list[str]:
    plain = json.loads(json.dumps(data, default=str))
    return [error.json_path for error in jsonschema.Draft202012Validator(environment_schema()).iter_errors(plain)]


def environment(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ENVIRONMENTS / f"{name}.yaml").read_text()))


def test_committed_schema_is_current() -> None:
    current = json.loads(SCHEMA.read_text()) == environment_schema()

    assert current, "run `logops schema > include/environments/schema.json`"


def test_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(environment_schema())


@pytest.mark.parametrize("name", ["local", "production"])
def test_included_environment_matches_the_schema(name: str) -> None:
    first_line = (ENVIRONMENTS / f"{name}.yaml").read_text().splitlines()[0]

    assert first_line == "# yaml-language-server: $schema=schema.json"
    assert faults(environment(name)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("nmae",), "local"),
        (("clusters", "main", "limits", "retention_perod"), "1d"),
        (("clusters", "main", "tenants", "application", "retention", "hot"), "30 days"),
        (("clusters", "main", "components", "ingester", "replicas"), 0),
        (("storage_accounts", "main", "account_key"), "literal"),
        (("platform", "kind"), "bare-metal"),
        (("benchmark", "minutes"), 60),
        (("benchmark", "ranges"), ["6 hours"]),
    ],
)
def test_schema_refuses_values_that_the_loader_refuses(path: tuple[str, ...], value: object) -> None:
    data = environment("local")
    at: Any = data
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value

    assert faults(data)


def test_field_with_docstring_has_a_description_in_the_schema() -> None:
    definitions = environment_schema()["$defs"]

    assert definitions["Retention"]["properties"]["then"]["description"].startswith("Access tier after")
    assert definitions["SecretRef"]["properties"]["env"]["description"] == "Name of an environment variable."

"""No secret is in a plan, wherever an object holds it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.platforms.kubernetes.plan.cluster_plan import cluster_plan
from logops.platforms.kubernetes.plan.proposal import Proposal
from tests.support.kubernetes_objects import config_map, secret, workload

VALUES = st.text("GHJKQXZ0123456789+/=-", min_size=12, max_size=30)


def shown(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    preview = cluster_plan([Proposal(before, after, after)], [])
    return "\n".join([*(line for diff in preview.diffs for line in diff.unified), *map(str, preview.marks)])


@given(VALUES, VALUES, st.sampled_from(["key", "loki.yaml", ".htpasswd"]))
def test_value_of_a_secret_is_in_no_line(old: str, new: str, key: str) -> None:
    wrap = "client: {{password: '{}', list: ['{}']}}\n".format if key == "loki.yaml" else "{0}".format
    states = [secret(**{key: wrap(value, value)}) for value in (old, new)]
    text = "\n".join([shown(*states), shown(None, states[0]), shown(states[1], None)])

    assert old not in text
    assert new not in text


def test_changed_secret_is_named_without_its_value() -> None:
    before, after = secret(account_key="first", other="same"), secret(account_key="second", other="same")

    assert shown(before, after).splitlines()[3:] == ["-data.account_key: ***", "+data.account_key: *** (another value)"]


def with_env(**item: Any) -> dict[str, Any]:
    state = workload()
    state["spec"]["template"]["spec"]["containers"][0]["env"] = [item]
    return state


@pytest.mark.parametrize(
    "state",
    [
        with_env(name="AZURE_STORAGE_KEY", value="hunter2"),
        with_env(name="DB_PASSWORD", value="123456hunter2"),
        with_env(name="PROXY", value="http://user:hunter2@proxy"),
        config_map(**{"config.yaml": "storage_config:\n  azure:\n    account_key: hunter2\n"}),
        config_map(**{"config.yaml": "clients:\n- basic_auth: {password: hunter2}\n"}),
        config_map(**{"app.conf": "user=a\npassword=hunter2\n"}),
        config_map(**{"key.pem": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"}),
        config_map(**{"connection_string": "AccountName=a;AccountKey=hunter2"}),
        workload(pod={"containers": [{"name": "a", "args": ["-azure.account-key=hunter2"]}]}),
    ],
)
def test_secret_outside_of_secrets_is_hidden(state: dict[str, Any]) -> None:
    empty = {**state, "data": {}} if "data" in state else workload(pod={"containers": []})

    assert "hunter2" not in "\n".join([shown(None, state), shown(empty, state), shown(state, empty)])


def test_name_of_a_secret_is_shown() -> None:
    before = with_env(name="KEY", valueFrom={"secretKeyRef": {"name": "old", "key": "account_key"}})
    after = with_env(name="KEY", valueFrom={"secretKeyRef": {"name": "new", "key": "account_key"}})

    assert "+spec.template.spec.containers[loki].env[KEY].valueFrom.secretKeyRef.name: new" in shown(before, after)


def test_digest_of_a_plan_does_not_depend_on_the_value_of_a_secret() -> None:
    plans = [cluster_plan([Proposal(None, secret(a=value), secret(a=value))], []) for value in ("first", "second")]

    assert plans[0].digest == plans[1].digest

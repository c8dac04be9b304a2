"""Changes of objects: laws for all objects, and the paths that people read."""

import copy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from logops.platforms.kubernetes.plan.compare import changes, with_changes
from logops.platforms.kubernetes.plan.embedded import document, is_document
from logops.platforms.kubernetes.plan.lines import lines
from tests.support.kubernetes_objects import config_map, workload

KEYS = st.sampled_from(["name", "image", "spec", "value", "env", "ports", "a.b/c", "replicas"])
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", "two\nlines"])
NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd")}, optional={"value": SCALARS, "port": st.integers(1, 2)}),
    max_size=4,
)
VALUES = st.recursive(
    SCALARS | NAMED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
YAML_TEXTS = st.sampled_from(
    ["a: 1\n", "a: 2\nb: [1, 2]\n", "b: [{name: x, v: 1}]\n", "b: [{name: y}]\n", "text", "a: ["]
)
OBJECTS = st.fixed_dictionaries(
    {"kind": st.just("ConfigMap")},
    optional={"spec": VALUES, "data": st.dictionaries(st.sampled_from(["x.yaml", "y.conf"]), YAML_TEXTS)},
)


def parsed(state: Any) -> Any:
    """Return a state with its YAML texts as values, if they are documents."""
    state = copy.deepcopy(state)
    for key, text in state.get("data", {}).items():
        if is_document(("data", key), "ConfigMap") and document(text) is not None:
            state["data"][key] = document(text)
    return state


@given(OBJECTS)
def test_object_compared_with_itself_has_no_changes(state: dict[str, Any]) -> None:
    assert changes(state, copy.deepcopy(state)) == ()


@given(OBJECTS, OBJECTS)
def test_changes_made_to_before_give_after(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert parsed(with_changes(before, changes(before, after))) == parsed(after)


@given(OBJECTS, OBJECTS)
@example({"spec": None}, {"spec": [None]})
@example({"spec": "a\n"}, {"spec": "a"})
def test_objects_that_differ_have_lines(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = changes(before, after)

    assert bool(lines("ConfigMap", changed)) == bool(changed)


def diff(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return lines(after["kind"], changes(before, after))


def test_container_that_moved_in_its_list_is_compared_by_name() -> None:
    before, after = workload(), workload(image="grafana/loki:3.7.8")
    after["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "busybox:1"})

    assert diff(before, after) == [
        "-spec.template.spec.containers[loki].image: grafana/loki:3.7.6",
        "+spec.template.spec.containers[loki].image: grafana/loki:3.7.8",
        "+spec.template.spec.containers[sidecar].name: sidecar",
        "+spec.template.spec.containers[sidecar].image: busybox:1",
        "-spec.template.spec.containers (order): loki, sidecar",
        "+spec.template.spec.containers (order): sidecar, loki",
    ]


def test_yaml_text_of_config_map_is_compared_by_setting() -> None:
    before = config_map(**{"config.yaml": "limits_config:\n  retention_period: 90d\n  max_streams: 5\n"})
    after = config_map(**{"config.yaml": "limits_config: {max_streams: 5, retention_period: 30d}\n"})

    assert diff(before, after) == [
        '-data["config.yaml"]: limits_config.retention_period: 90d',
        '+data["config.yaml"]: limits_config.retention_period: 30d',
    ]


def test_yaml_text_that_differs_in_a_comment_only_shows_the_comment() -> None:
    before, after = config_map(**{"a.yaml": "a: 1 # old\n"}), config_map(**{"a.yaml": "a: 1 # new\n"})

    assert diff(before, after) == ['-data["a.yaml"] | a: 1 # old', '+data["a.yaml"] | a: 1 # new']


def test_text_of_several_lines_shows_the_lines_that_differ() -> None:
    before, after = config_map(**{"nginx.conf": "a;\nb;\n"}), config_map(**{"nginx.conf": "a;\nc;\n"})

    assert diff(before, after) == ['-data["nginx.conf"] | b;', '+data["nginx.conf"] | c;']


def test_argument_of_a_container_is_shown_without_the_other_arguments() -> None:
    before, after = workload(), workload()
    before["spec"]["template"]["spec"]["containers"][0]["args"] = ["-target=ingester", "-log.level=info"]
    after["spec"]["template"]["spec"]["containers"][0]["args"] = ["-target=ingester", "-log.level=debug"]

    assert diff(before, after) == [
        "-spec.template.spec.containers[loki].args: -log.level=info",
        "+spec.template.spec.containers[loki].args: -log.level=debug",
    ]

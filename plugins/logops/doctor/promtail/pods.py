"""Translate a job that reads the output of Kubernetes pods."""

import re
from collections.abc import Iterator
from typing import Any

from logops.doctor.promtail.input_labels import InputLabels, note_not_carried
from logops.doctor.promtail.quantity import label_list, label_problem
from logops.doctor.promtail.relabel import Rule, read_rules
from logops.doctor.promtail.value import Value
from logops.doctor.untyped import as_list

_META = "__meta_kubernetes_"
_POD_LABEL = f"{_META}pod_label_"
_COPIED = {
    f"{_META}namespace": "namespace",
    f"{_META}pod_name": "pod",
    f"{_META}pod_container_name": "container",
}
_FIRST_OF = re.compile(r"\^;\*\(\[\^;\]\+\)\(;\.\*\)\?\$")
"""The expression of Promtail's Helm chart for the first label that is not empty."""
_MISSPELLED = {f"{_META}container_name": f"{_META}pod_container_name"}
_UID_PATH = {f"{_META}pod_uid", f"{_META}pod_container_name"}
_STATIC_POD_PATH = {
    f"{_META}pod_annotationpresent_kubernetes_io_config_hash",
    f"{_META}pod_annotation_kubernetes_io_config_hash",
    f"{_META}pod_container_name",
}
_NAME_PATH = {f"{_META}namespace", f"{_META}pod_name", f"{_META}pod_uid", f"{_META}pod_container_name"}
_KNOWN_PREFIXES = (("app_kubernetes_io_", "app.kubernetes.io/"), ("helm_sh_", "helm.sh/"), ("k8s_app", "k8s-app"))


def pod_source(job: Value, configs: Value, relabel_configs: list[Value]) -> dict[str, Any] | None:
    """Return the keys of a source of pods; None, with a note, if the job does not discover pods."""
    namespaces: list[str] = []
    for config in configs.elements():
        role = config.at("role")
        if role.data != "pod":
            role.lost(f"the role {role.data} has no log files: a source of kind pods reads pods")
            return None
        role.use()
        namespaces += map(str, as_list(config.at("namespaces", "names").use()))
    labels = InputLabels(_COPIED, {})
    labels.keys["pod_labels"] = {}
    paths: list[Rule] = []
    for rule in (rule for block in relabel_configs for rule in read_rules(block)):
        if rule.target == "__path__":
            paths.append(rule)
        elif not (labels.add(rule) or _add(rule, labels, namespaces)):
            note_not_carried(rule)
    _note_paths(paths, job)
    _note_added(labels, job)
    return {
        "kind": "pods",
        **({"namespaces": namespaces} if namespaces else {}),
        "pod_labels": labels.keys["pod_labels"],
        "labels": labels.fixed,
        **{key: labels.keys[key] for key in ("select", "drop") if key in labels.keys},
    }


def _add(rule: Rule, labels: InputLabels, namespaces: list[str]) -> bool:
    """Carry over a rule about pods' labels, their node, or a choice of pods. Return whether it was."""
    match rule.action:
        case "replace":
            return _add_pod_label(rule, labels) or _misspelled(rule) or _host(rule)
        case "labelmap":
            return _add_mapped(rule, labels)
        case "keep" if rule.sources in ((f"{_META}namespace",), ("namespace",)) and rule.alternatives:
            rule.value.use()
            namespaces[:] = [name for name in rule.alternatives if not namespaces or name in namespaces]
            return True
        case "keep":
            return _add_select(rule, labels)
        case "drop":
            return _add_drop(rule, labels)
    return False


def _add_pod_label(rule: Rule, labels: InputLabels) -> bool:
    pod_labels = [name.removeprefix(_POD_LABEL) for name in rule.sources if name.startswith(_POD_LABEL)]
    if rule.target.startswith("__") or not pod_labels or label_problem(rule.target):
        return False
    if rule.is_copy:
        rule.value.use()
    elif _FIRST_OF.fullmatch(rule.regex) and rule.replacement in ("$1", "${1}"):
        others = ", ".join(name.removeprefix(_META) for name in rule.sources[1:])
        rule.value.changed(
            f"the label {rule.target} is the pod's label {_restored(pod_labels[0])}. If a pod does not have it, "
            f"nothing takes its place (before: {others})"
        )
    else:
        return False
    labels.keys["pod_labels"][rule.target] = _restored(pod_labels[0])
    return True


def _restored(name: str) -> str:
    """Return the name of a pod's label, of which service discovery has replaced dots and slashes.

    >>> _restored("app_kubernetes_io_name"), _restored("team")
    ('app.kubernetes.io/name', 'team')
    """
    for prefix, original in _KNOWN_PREFIXES:
        if name.startswith(prefix):
            return original + name.removeprefix(prefix)
    return name


def _misspelled(rule: Rule) -> bool:
    meant = _MISSPELLED.get(rule.sources[0]) if len(rule.sources) == 1 else None
    if meant is None:
        return False
    rule.value.changed(
        f"{rule.sources[0]} does not exist, so no line had the label {rule.target}. The source copies {meant}"
    )
    return True


def _host(rule: Rule) -> bool:
    if rule.target != "__host__" or rule.sources != (f"{_META}pod_node_name",):
        return False
    rule.value.use()
    return True


def _add_mapped(rule: Rule, labels: InputLabels) -> bool:
    match = re.fullmatch(rf"{_POD_LABEL}\(([\w|]+)\)", rule.regex)
    if match is None or rule.replacement not in ("$1", "${1}"):
        return False
    rule.value.use()
    labels.keys["pod_labels"].update({name: _restored(name) for name in match[1].split("|")})
    return True


def _add_select(rule: Rule, labels: InputLabels) -> bool:
    """Carry over the choice of pods by container, or by a label that the source has."""
    if not rule.alternatives:
        return False
    name = _label_of(rule, labels)
    pod_label = rule.sources[0].removeprefix(_POD_LABEL) if len(rule.sources) == 1 else ""
    if name in ("container", *labels.keys["pod_labels"]):
        rule.value.use()
    elif rule.sources == (f"{_POD_LABEL}{pod_label}",) and not label_problem(pod_label):
        name = pod_label
        labels.keys["pod_labels"][name] = _restored(pod_label)
        rule.value.changed(f"the source selects pods by {name}, so lines get the label {name}")
    else:
        return False
    select = labels.keys.setdefault("select", {})
    select[name] = [value for value in rule.alternatives if value in select.get(name, rule.alternatives)]
    return True


def _label_of(rule: Rule, labels: InputLabels) -> str | None:
    """Return the label of the source that a rule is about; None if it is about another one, or about several."""
    if len(rule.sources) != 1:
        return None
    pod_labels = {f"{_POD_LABEL}{_sanitized(key)}": ours for ours, key in labels.keys["pod_labels"].items()}
    known = {**_COPIED, **pod_labels}
    return rule.sources[0] if rule.sources[0] in known.values() else known.get(rule.sources[0])


def _add_drop(rule: Rule, labels: InputLabels) -> bool:
    """Carry over the choice of pods that are not read, as a drop rule: their lines are read, but not sent."""
    name = _label_of(rule, labels)
    if name is None:
        return False
    drops = labels.keys.setdefault("drop", [])
    rule.value.changed(f"a drop rule does this: the lines are read, but not sent ({name} matches {rule.regex})")
    drops.append({"name": f"drop-{name}-{len(drops) + 1}", "field": name, "expression": f"^(?:{rule.regex})$"})
    return True


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _note_paths(rules: list[Rule], job: Value) -> None:
    """Compare the files that the rules name with those that a source of pods reads."""
    by_uid = [rule for rule in rules if set(rule.sources) == _UID_PATH]
    static_pods = [rule for rule in rules if set(rule.sources) == _STATIC_POD_PATH]
    for rule in rules:
        if set(rule.sources) not in (_UID_PATH, _STATIC_POD_PATH, _NAME_PATH, _NAME_PATH - {f"{_META}pod_uid"}):
            rule.value.lost(
                "a source of pods reads /var/log/pods/NAMESPACE_POD_UID/CONTAINER/*.log, and no other files"
            )
        elif rule in by_uid and not static_pods:
            rule.value.changed(
                "this path matches no file of static pods (as kube-apiserver): their folder has another UID. The "
                "source reads them too"
            )
        else:
            rule.value.use()
    if not rules:
        job.ledger.note_changed(
            job.location, "no rule makes __path__, so Promtail reads no file. The source reads the files of the pods"
        )


def _note_added(labels: InputLabels, job: Value) -> None:
    parts = list(_added_labels(labels))
    if parts:
        job.ledger.note_changed(job.location, "; ".join(parts))


def _added_labels(labels: InputLabels) -> Iterator[str]:
    added = [name for name in labels.added if name != "pod"]
    if added:
        yield f"lines get the {label_list(added)}, which the rules do not make"
    yield "pod is structured metadata, not a label: every rollout of an application would make new streams"

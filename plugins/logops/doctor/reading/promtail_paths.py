"""Find jobs of Promtail that read no file: a path that no file can have, or no path.

Source: clients/pkg/promtail/targets/file of Loki 3.6, which finds files with the globs of doublestar.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor.deployment import Location, UnmatchedPath
from logops.doctor.keys.known import known_keys
from logops.doctor.untyped import as_list, as_mapping

_FINDS_FILES = {key for key in known_keys("promtail")["scrape_configs"] if key.endswith("_sd_configs")} | {
    "static_configs"
}
_OTHER_KEYS = {*_FINDS_FILES, "job_name", "pipeline_stages", "relabel_configs", "decompression", "encoding"}
_OTHER_INPUTS = known_keys("promtail")["scrape_configs"].keys() - _OTHER_KEYS
"""Inputs that are no files: journal, syslog, push and others."""
_GROUP = re.compile(r"\$\{?1\b")


def unmatched_paths(jobs: list[tuple[Any, Location]]) -> Iterator[UnmatchedPath]:
    """Yield the jobs that read no file."""
    for job, location in jobs:
        job = as_mapping(job)
        if not job.keys() & _FINDS_FILES or job.keys() & _OTHER_INPUTS:
            continue
        paths = [*_relabelled(job, location), *_static(job, location)]
        if not paths and "relabel_configs" not in job:
            yield UnmatchedPath(location, "has no `__path__`, so it reads no file", "Write the label `__path__`.")
        for path, rule, at_path in paths:
            if wrong := _impossible(path, rule):
                yield UnmatchedPath(at_path, *wrong)


def _impossible(path: str, rule: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the reason why no file has a path, and the remedy; None if a file can have it."""
    sources, separator = as_list(rule.get("source_labels")), str(rule.get("separator", ";"))
    joins = len(sources) > 1 and _GROUP.search(path) and rule.get("regex", "(.*)") in ("(.*)", "(.+)")
    if joins and "/" not in separator:
        written = "`separator` is not set" if "separator" not in rule else f"`separator` is {separator!r}"
        labels = ", ".join(map(str, sources))
        reason = f"joins {labels} with {separator!r}, because {written}: no folder has such a name"
        return reason, "Write `separator: /` in this rule."
    if path.endswith("/"):
        return f"has the path {path}, which is a folder", f"Write {path}*.log instead."
    if path.startswith("~"):
        return f"has the path {path}, but Promtail does not replace ~", "Write the whole path."
    return None


def _relabelled(job: Mapping[str, Any], location: Location) -> Iterator[tuple[str, Mapping[str, Any], Location]]:
    for index, entry in enumerate(as_list(job.get("relabel_configs"))):
        rule = as_mapping(entry)
        if rule.get("target_label") == "__path__" and rule.get("action", "replace") == "replace":
            at_rule = location.at("relabel_configs", index)
            yield str(rule.get("replacement", "$1")), rule, at_rule.at("replacement")


def _static(job: Mapping[str, Any], location: Location) -> Iterator[tuple[str, Mapping[str, Any], Location]]:
    for index, static in enumerate(as_list(job.get("static_configs"))):
        if path := as_mapping(as_mapping(static).get("labels")).get("__path__"):
            yield str(path), {}, location.at("static_configs", index, "labels", "__path__")

"""A Helm release in the files of a stage: which chart, where, with which values.

The file `STAGE/helm/RELEASE/values.yaml` has the values, `STAGE/helm/RELEASE/release.yaml` everything else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

from logops.render.files import to_yaml
from logops.stages import Stage

_FILE = re.compile(r"(?P<folder>[a-z]+/helm/[^/]+)/release\.yaml")


@dataclass(frozen=True)
class Release:
    """A Helm release that an environment wants."""

    name: str
    namespace: str
    chart: str
    """Reference of the chart: `oci://REGISTRY/PATH/CHART`, `https://REPOSITORY/CHART`, or an absolute path."""
    version: str
    digest: str | None
    """SHA-256 of the chart's archive in hex, as in the index of a repository and in the layer of an OCI artifact.
    None: the chart is a folder."""
    values: str
    """YAML for `helm --values`. It names secrets of the namespace and contains none."""

    @property
    def chart_name(self) -> str:
        """Return the name of the chart, without a repository.

        >>> Release("alloy-nodes", "logs", "https://example.com/charts/alloy", "1.11.1", None, "").chart_name
        'alloy'
        """
        return PurePosixPath(self.chart).name

    @property
    def chart_arguments(self) -> tuple[str, ...]:
        """Return the words that name the chart for `helm pull`, `template` and `upgrade`.

        >>> Release("alloy-nodes", "logs", "https://example.com/charts/alloy", "1.11.1", None, "").chart_arguments
        ('alloy', '--repo', 'https://example.com/charts', '--version', '1.11.1')
        """
        if self.chart.startswith("/"):
            return (self.chart,)
        if self.chart.startswith("oci://"):
            return (self.chart, "--version", self.version)
        return (self.chart_name, "--repo", self.chart.rpartition("/")[0], "--version", self.version)

    def texts(self, environment_name: str, stage: Stage) -> dict[str, str]:
        """Return the two files of the release."""
        pinned = {
            "name": self.name,
            "namespace": self.namespace,
            "chart": self.chart,
            "version": self.version,
            "digest": self.digest,
        }
        folder = f"{stage}/helm/{self.name}"
        return {f"{folder}/release.yaml": to_yaml(environment_name, pinned), f"{folder}/values.yaml": self.values}


def releases(files: Mapping[str, str]) -> Iterator[Release]:
    """Yield the releases in the files of a stage, in the order of the files."""
    for name, text in files.items():
        if match := _FILE.fullmatch(name):
            yield Release(**yaml.safe_load(text), values=files[f"{match['folder']}/values.yaml"])

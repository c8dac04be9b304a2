"""Helm that cannot be used, charts that are not the pinned ones, and what helm says in words for people."""

from hashlib import sha256
from pathlib import Path

import pytest

from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.helm import Helm, HelmError, explained
from logops.platforms.kubernetes.helm_releases import InstalledRelease, is_as_wanted
from logops.render.kubernetes import Release


def release(chart: str, digest: str | None = None, values: str = "") -> Release:
    return Release("loki-main", "logs", chart, "1.0.0", digest, values)


def program(folder: Path, text: str) -> Path:
    """Return a program that runs a shell script."""
    file = folder / "helm"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    return Helm(Access(), tmp_path / "charts")


def test_missing_helm_is_said_with_the_variable(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGOPS_HELM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOGOPS_CACHE", str(tmp_path))
    with pytest.raises(HelmError, match=r"helm is not on PATH\. Install it, or set LOGOPS_HELM to its path"):
        _ = helm.program


def test_helm_of_another_major_version_is_refused(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGOPS_HELM", str(program(tmp_path, "echo v3.19.0+g3d8990f")))
    with pytest.raises(HelmError, match=r"is version v3\.19\.0\+g3d8990f\. Its options differ\. Install Helm 4"):
        _ = helm.program


def test_archive_that_is_not_the_pinned_one_is_refused_with_both_digests(helm: Helm, tmp_path: Path) -> None:
    archive = tmp_path / "loki-1.0.0.tgz"
    archive.write_bytes(b"replaced")
    with pytest.raises(HelmError, match=f"its digest is {sha256(b'replaced').hexdigest()}, and {'a' * 64} is pinned"):
        helm.chart(release(str(archive), "a" * 64))


def test_downloaded_chart_that_is_not_the_pinned_one_is_refused_and_not_kept(
    helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'case "$1" in version) echo v4.3.1;; *) for last; do :; done; echo other > "$last/loki-1.0.0.tgz";; esac'
    monkeypatch.setenv("LOGOPS_HELM", str(program(tmp_path, script)))
    with pytest.raises(HelmError, match="Somebody replaced the archive"):
        helm.chart(release("oci://registry.example.com/loki", "a" * 64))
    assert not (tmp_path / "charts").exists()


def test_chart_that_cannot_be_pulled_is_said_with_helm_s_reason(
    helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'case "$1" in version) echo v4.3.1;; *) echo "Error: failed to perform" >&2; exit 1;; esac'
    monkeypatch.setenv("LOGOPS_HELM", str(program(tmp_path, script)))
    with pytest.raises(HelmError, match=r"pulling chart oci://registry\.example\.com/loki 1\.0\.0: failed to perform"):
        helm.chart(release("oci://registry.example.com/loki", "a" * 64))


def test_missing_folder_of_a_chart_is_said(helm: Helm) -> None:
    with pytest.raises(HelmError, match="reading chart /nowhere of release loki-main: it does not exist"):
        helm.chart(release("/nowhere"))


@pytest.mark.parametrize(
    ("stderr", "advice"),
    [
        ("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", "helm rollback NAME"),
        (
            "Error: values don't meet the specifications of the schema(s)",
            "refuses the values",
        ),
        ('Error: conflict occurred while applying object: conflict with "kubectl"', "accept field-conflict"),
        ("Error: Kubernetes cluster unreachable: connection refused", "The API server does not answer"),
        ('Error: secrets is forbidden: User "x" cannot list resource', "logops rights ENV"),
    ],
)
def test_failure_of_helm_ends_with_what_to_do(stderr: str, advice: str) -> None:
    assert advice in explained("applying release logs/loki-main", f"level=WARN msg=old\n{stderr}\n", 1)


@pytest.mark.parametrize(
    ("change", "is_wanted"),
    [({}, True), ({"status": "failed"}, False), ({"version": "0.9.0"}, False), ({"values": {"a": 2}}, False)],
)
def test_release_is_as_wanted_with_the_same_chart_values_and_status(change: dict[str, object], is_wanted: bool) -> None:
    fields = {"status": "deployed", "chart": "loki", "version": "1.0.0", "values": {"a": 1}, **change}
    installed = InstalledRelease("loki-main", "logs", 1, **fields)  # type: ignore[arg-type]
    assert is_as_wanted(installed, release("/charts/loki", values="a: 1\n")) is is_wanted

"""Helm 4, as a program: render a release on the server, apply it, go back to a revision.

Helm keeps its releases in secrets of their namespaces, so another Helm, or a person with `helm history`, sees the same.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.helm_releases import objects_of
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.platform import PlatformError, Progress
from logops.render.kubernetes import Release
from logops.toolchain.cache import cache_folder

MAJOR = 4
VARIABLE = "LOGOPS_HELM"
_STORED_IN_SECRETS = {"HELM_DRIVER": "secret"}
"""Another setting of the person who runs logops would hide the releases from `helm_releases.py`."""
_POLL_S = 5.0
_SHORT_S = 120
_VERSION = re.compile(r"v?(\d+)\.\d+")


class HelmError(PlatformError):
    """Helm failed, or cannot be used."""


@dataclass(frozen=True)
class Rendered:
    """What Helm would apply."""

    objects: tuple[Object, ...]
    hooks: tuple[Object, ...]


class Helm:
    """The program `helm`, with the login of a cluster."""

    def __init__(self, access: Access, charts: Path | None = None) -> None:
        """Create it. Starts nothing.

        charts   folder of downloaded charts; default: in the user's cache
        """
        self._access = access
        self._charts = charts or cache_folder() / "charts"

    def chart(self, release: Release) -> Path:
        """Return the archive or folder of a release's chart. Downloads it once, and checks its digest.

        Raises HelmError.
        """
        if release.chart.startswith("/"):
            return _checked(Path(release.chart), release)
        kept = self._charts / f"{release.digest}.tgz"
        if not kept.is_file():
            with tempfile.TemporaryDirectory() as folder:
                self._run(f"pulling chart {release.chart} {release.version}", "pull", *release.chart_arguments,
                          "--destination", folder)  # fmt: skip
                (archive,) = Path(folder).glob("*.tgz")
                _check_digest(archive, release)
                self._charts.mkdir(parents=True, exist_ok=True)
                # In one step: another process may pull the same chart.
                partial = self._charts / f"{release.digest}.{os.getpid()}"
                shutil.copyfile(archive, partial)
                partial.replace(kept)
        return _checked(kept, release)

    def rendered(self, release: Release) -> Rendered:
        """Return the objects of a release, rendered by the server's versions and `lookup`. Changes nothing."""
        answer = self._json(
            f"rendering release {release.namespace}/{release.name}",
            "upgrade", "--install", release.name, str(self.chart(release)), "--namespace", release.namespace,
            "--values", "-", "--dry-run=server", "--output", "json",
            # The API server tries each object afterwards. Helm would read the schema of every kind for the same.
            "--disable-openapi-validation",
            stdin=release.values,
        )  # fmt: skip
        hooks = [hook["manifest"] for hook in answer.get("hooks") or ()]
        return Rendered(
            tuple(_owned(manifest, release) for manifest in objects_of(answer["manifest"])),
            tuple(manifest for text in hooks for manifest in objects_of(text)),
        )

    def upgrade(self, release: Release, progress: Progress, *, timeout_s: float, force_conflicts: bool = False) -> None:
        """Install or upgrade a release, wait until its workloads are ready, and go back by itself if they are not.

        force_conflicts   take over fields that others own

        Raises HelmError.
        """
        self._run(
            f"applying release {release.namespace}/{release.name}",
            "upgrade", "--install", release.name, str(self.chart(release)), "--namespace", release.namespace,
            "--values", "-", "--server-side=true", "--rollback-on-failure", "--wait=watcher",
            "--timeout", f"{timeout_s:.0f}s", *(["--force-conflicts"] if force_conflicts else []),
            stdin=release.values, timeout_s=3 * timeout_s, progress=progress,
        )  # fmt: skip

    def roll_back(self, name: str, namespace: str, revision: int, progress: Progress, *, timeout_s: float) -> None:
        """Go back to a revision of a release. Raises HelmError."""
        self._run(
            f"rolling release {namespace}/{name} back to revision {revision}",
            "rollback", name, str(revision), "--namespace", namespace, "--server-side=true", "--wait=watcher",
            "--timeout", f"{timeout_s:.0f}s",
            timeout_s=2 * timeout_s, progress=progress,
        )  # fmt: skip

    def last_deployed(self, name: str, namespace: str) -> int | None:
        """Return the newest revision that was ready; None if there was none."""
        history = self._json(
            f"reading the history of release {namespace}/{name}",
            "history", name, "--namespace", namespace, "--output", "json",
        )  # fmt: skip
        good = [int(entry["revision"]) for entry in history if entry["status"] in ("deployed", "superseded")]
        return max(good, default=None)

    def uninstall(self, name: str, namespace: str, progress: Progress, *, timeout_s: float) -> None:
        """Delete a release and its objects. Volume claims of StatefulSets stay. Raises HelmError."""
        self._run(
            f"removing release {namespace}/{name}",
            "uninstall", name, "--namespace", namespace, "--wait", "--ignore-not-found",
            "--timeout", f"{timeout_s:.0f}s",
            timeout_s=2 * timeout_s, progress=progress,
        )  # fmt: skip

    @cached_property
    def program(self) -> str:
        """The path of helm. Raises HelmError if there is none, or another major version."""
        named = os.environ.get(VARIABLE)
        found = shutil.which(named or "helm") or _built()
        if found is None:
            where = f"{VARIABLE} names {named!r}, which cannot be run" if named else "helm is not on PATH"
            raise HelmError(f"looking for Helm {MAJOR}: {where}. Install it, or set {VARIABLE} to its path.")
        try:
            done = subprocess.run([found, "version", "--short"], capture_output=True, text=True, timeout=_SHORT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HelmError(f"looking for Helm {MAJOR}: {found} does not run: {error}.") from error
        version = _VERSION.match(done.stdout.strip())
        if version is None or int(version[1]) != MAJOR:
            raise HelmError(
                f"looking for Helm {MAJOR}: {found} is version {done.stdout.strip() or 'unknown'}. Its options differ. "
                f"Install Helm {MAJOR}, or set {VARIABLE} to its path."
            )
        return found

    def _json(self, doing: str, *arguments: str, stdin: str = "") -> Any:
        output = self._run(doing, *arguments, stdin=stdin)
        try:
            return json.loads(output)
        except ValueError as error:
            raise HelmError(f"{doing}: helm printed no JSON: {output[:200]!r}.") from error

    def _run(
        self,
        doing: str,
        *arguments: str,
        stdin: str = "",
        timeout_s: float = _SHORT_S,
        progress: Callable[[str], None] | None = None,
    ) -> str:
        """Return the output of helm. Raises HelmError with what helm said.

        If this is interrupted, helm gets SIGTERM and ends its work in order: it marks the release as failed.
        """
        with (
            self._access.helm_arguments() as login,
            subprocess.Popen(
                [self.program, *arguments, *login],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **_STORED_IN_SECRETS},
            ) as helm,
        ):
            started_s = time.monotonic()
            remaining: str | None = stdin
            try:
                while True:
                    try:
                        output, errors = helm.communicate(remaining, timeout=_POLL_S)
                        break
                    except subprocess.TimeoutExpired:
                        remaining = None
                        waited_s = time.monotonic() - started_s
                        if waited_s > timeout_s:
                            raise HelmError(f"{doing}: helm did not end within {timeout_s:.0f} s.") from None
                        if progress:
                            progress(f"{doing}: {waited_s:.0f} s")
            finally:
                if helm.poll() is None:
                    helm.terminate()
        if helm.returncode:
            raise HelmError(explained(doing, errors, helm.returncode))
        return output


def explained(doing: str, stderr: str, exit_code: int) -> str:
    """Return the message of a failed helm: what it said, without its log lines, and what to do."""
    lines = [line for line in stderr.splitlines() if line and not line.startswith(("level=", "I0", "W0", "E0"))]
    said = " ".join(line.removeprefix("Error: ").strip() for line in lines[-8:])
    said = said or (f"helm was ended by signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}")
    for pattern, advice in _ADVICE:
        if re.search(pattern, said):
            return f"{doing}: {said.rstrip('.')}. {advice}"
    return f"{doing}: {said.rstrip('.')}."


_ADVICE = (
    (
        r"another operation \(install/upgrade/rollback\) is in progress",
        "Helm was killed during its last work. Look at `helm history NAME`, and go back to the last good revision: "
        "`helm rollback NAME REVISION`. If there is none: `helm uninstall NAME`.",
    ),
    (
        r"values don't meet the specifications of the schema|execution error at|error calling",
        "The chart refuses the values. Correct the environment file, or pin the chart for which they were written.",
    ),
    (r"[Cc]onflict", "Ask the owner of the field. To take it over, accept field-conflict with a reason."),
    (
        r"invalid ownership metadata",
        "Another release or person made the object. Remove it, or give it to this release: the label "
        "app.kubernetes.io/managed-by: Helm and the annotations meta.helm.sh/release-name and release-namespace.",
    ),
    (
        r"cluster unreachable|connection refused|no such host",
        "The API server does not answer. Check the address in the kubeconfig, and the network.",
    ),
    (r"Unauthorized|provide credentials", "The login is not accepted, or has expired: log in again, and try again."),
    (r"forbidden", "Give the rights that `logops rights ENV` prints."),
    (
        r"not found in .* repository|failed to (pull|download|fetch)|failed to perform|404",
        "Check the chart's source and version in the environment file, and the network to its registry.",
    ),
)


def _owned(manifest: Object, release: Release) -> Object:
    """Return an object with the marks that Helm adds when it applies it."""
    metadata = manifest["metadata"]
    return {
        **manifest,
        "metadata": {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"},
            "annotations": {
                **(metadata.get("annotations") or {}),
                "meta.helm.sh/release-name": release.name,
                "meta.helm.sh/release-namespace": release.namespace,
            },
        },
    }


def _checked(chart: Path, release: Release) -> Path:
    if not chart.exists():
        raise HelmError(f"reading chart {chart} of release {release.name}: it does not exist. Correct its source.")
    if release.digest and chart.is_file():
        _check_digest(chart, release)
    return chart


def _check_digest(archive: Path, release: Release) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != release.digest:
        raise HelmError(
            f"checking chart {release.chart} {release.version}: its digest is {digest}, and {release.digest} is pinned."
            " Somebody replaced the archive, or the pin is of another version. Find out which, and correct the pin."
        )


def _built() -> str | None:
    """Return the helm that `logops toolchain helm` built."""
    from logops.toolchain.programs import KUBERNETES_PROGRAMS
    from logops.toolchain.resolve import find

    found = find(KUBERNETES_PROGRAMS["helm"])
    return found.command[0] if found else None

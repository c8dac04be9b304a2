"""Kubernetes as a platform: Helm releases, and objects that no chart makes, through the API server."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from logops.clients.loki import LokiClient
from logops.environment import Environment
from logops.findings.classes.rollout import PLAN_UNKNOWN, RELEASE_FOREIGN, SECRET_MISSING
from logops.platforms.azure.accounts import AzureAccounts
from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.canary import Canary, CanaryLines
from logops.platforms.kubernetes.claims import grow_claims
from logops.platforms.kubernetes.helm import Helm
from logops.platforms.kubernetes.helm_releases import PENDING, InstalledRelease, installed_release, is_as_wanted
from logops.platforms.kubernetes.ingesters import (
    PATIENCE_S,
    LokiCluster,
    is_ready,
    is_rolled_here,
    outdated_pods,
    roll,
)
from logops.platforms.kubernetes.lease import ClusterLease
from logops.platforms.kubernetes.plan.additions import additions, without_additions
from logops.platforms.kubernetes.plan.cluster_plan import cluster_plan
from logops.platforms.kubernetes.plan.objects import Object, component, object_id
from logops.platforms.kubernetes.plan.owners import HELM, LOGOPS
from logops.platforms.kubernetes.plan.proposal import Conflict, Proposal
from logops.platforms.kubernetes.pods import pod_statuses
from logops.platforms.kubernetes.proposals import try_deletions, try_objects
from logops.platforms.kubernetes.revisions import ClusterRevisions
from logops.platforms.kubernetes.state import (
    StageObjects,
    known_stage_objects,
    missing_secrets,
    namespaces,
    stage_objects,
    unread_stage_objects,
)
from logops.platforms.kubernetes.tunnels import Tunnels
from logops.platforms.platform import (
    FileChange,
    PlatformError,
    ProcessStatus,
    Progress,
    Revision,
    component_of,
    last_of_others,
)
from logops.platforms.preview import NO_PREVIEW, Mark, ObjectDiff, Preview, joined
from logops.platforms.remote import RemotePlatform
from logops.platforms.rules import declared_owners, read_rules, write_rules
from logops.render import STAGES, Files, Stage
from logops.render.addresses import (
    CANARY_PORT,
    STATELESS,
    TENANTS_FILE,
    kubernetes_distributors_url,
    kubernetes_gateway_url,
    kubernetes_pod_url,
    kubernetes_query_frontend_url,
    kubernetes_ruler_url,
)
from logops.render.agents.promtail import CANARY_LABELS
from logops.render.kubernetes import Release, secret_sources
from logops.render.kubernetes.loki import loki_release_name, tenants_object_name
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.overrides import NO_OVERRIDES

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

READY_WITHIN_S = 600.0
_PARALLEL = 4
"""Releases that are looked at together."""
_RENEW_S = 60.0

Desired = Callable[[], dict[Stage, Files]]


class KubernetesPlatform(RemotePlatform):
    """A `DeployablePlatform` on a Kubernetes cluster.

    The live files of a stage are those of its last revision that was applied to its end. The live objects are compared
    by a dry run, so a change by hand is in the preview. So are storage accounts, through Azure's management API.
    """

    def __init__(
        self,
        environment: Environment,
        desired: Desired,
        access: Access,
        *,
        ready_within_s: float = READY_WITHIN_S,
        restarted_within_s: float = PATIENCE_S,
        reach: Callable[[str], str] | None = None,
        credential: "TokenCredential | None" = None,
        accounts: AzureAccounts | None = None,
    ) -> None:
        """Create the platform. Connects to nothing.

        desired              returns the desired state; called only when needed
        ready_within_s       how long Helm waits for the workloads of a release
        restarted_within_s   how long a restarted ingester may take until the ring is complete again
        reach                returns the address under which this process reaches an address of the cluster. Default:
                             through the API server
        credential           login to Azure; default: this machine's identity
        accounts             the storage accounts; default: those of Azure
        """
        super().__init__(environment, credential=credential)
        self._desired = desired
        self._ready_within_s = ready_within_s
        self._restarted_within_s = restarted_within_s
        if accounts:
            self._accounts = accounts
        namespace = kubernetes_platform(environment).namespace
        self.api = Api(access)
        self._reach = reach or Tunnels(self.api).url
        self._helm = Helm(access)
        self._lease = ClusterLease(self.api, namespace, environment.name)
        self._revisions = ClusterRevisions(self.api, namespace, environment.name)
        self._known_conflicts: set[tuple[object, Conflict]] = set()

    # State

    def desired(self) -> dict[Stage, Files]:
        return self._desired()

    def live(self, stage: Stage) -> Files:
        if stage == "rules":
            return self._live_rules()
        return self._revisions.live(stage)

    def preview(self, stage: Stage, files: Files) -> Preview:
        """Return what the API server says about an apply of `files`, and how storage accounts would change.

        Raises PlatformError if the API server cannot be asked.
        """
        if stage == "rules":
            return NO_PREVIEW
        objects = self._preview_objects(stage, files)
        return joined(self.preview_accounts(files), objects) if stage == "storage" else objects

    def _preview_objects(self, stage: Stage, files: Files) -> Preview:
        wanted = known_stage_objects(files)
        if missing := [name for name in sorted(namespaces(wanted)) if self.api.read("v1", "Namespace", name) is None]:
            return Preview(marks=[_missing_namespace(name) for name in missing])
        proposals = [*map(_without_placeholder, try_objects(self.api, wanted.objects, LOGOPS))]
        marks = [*_missing_secrets(files)]
        pods: list[ObjectDiff] = []
        ours = self._releases_of_ours(stage)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for release, (installed, found) in zip(wanted.releases, pool.map(self._look, wanted.releases), strict=True):
                if installed and installed.status in PENDING:
                    marks.append(_pending_mark(installed))
                elif installed and (release.name, release.namespace) not in ours:
                    marks.append(_foreign_mark(installed))
                proposals += found
                pods += self._waiting_pods(found)
        gone = self._unwanted(stage, unread_stage_objects(files))
        proposals += try_deletions(self.api, gone.objects)
        for release in gone.releases:
            if installed := installed_release(self.api, release.name, release.namespace):
                proposals += try_deletions(self.api, installed.objects, release.namespace)
        self._known_conflicts |= _conflicts(proposals)
        plan = cluster_plan(proposals, self.api.items("v1", "Node"))
        return replace(plan, diffs=[*plan.diffs, *pods], marks=[*marks, *plan.marks])

    def revisions(self, stage: Stage) -> list[Revision]:
        return self._revisions.all(stage)

    def revision_files(self, revision: Revision) -> Files:
        return self._revisions.files(revision)

    def last_change(self, file: str) -> FileChange | None:
        """Return None: nobody can edit a stored revision. A change of an object is in the preview, with its owner."""
        return None

    def lease_owner(self) -> str | None:
        return self._lease.owner()

    def rollout_since(self) -> datetime | None:
        return self._lease.since()

    def processes(self) -> list[ProcessStatus]:
        return [
            status
            for stage in STAGES
            for release in unread_stage_objects(self._revisions.live(stage)).releases
            for status in pod_statuses(self.api, stage, release, self._cluster_of(release))
        ]

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        for stage in STAGES:
            for release in unread_stage_objects(self._revisions.live(stage)).releases:
                if self.api.read("v1", "Pod", process, release.namespace):
                    return self.api.log(process, release.namespace, count).splitlines()
        return []

    def urls(self, cluster: str) -> Mapping[str, str]:
        """Return the address of each pod of Loki: those of StatefulSets as declared, the others as they are now."""
        release, namespace = loki_release_name(cluster), self.environment.namespace(cluster)
        pods = self.api.items("v1", "Pod", namespace, f"app.kubernetes.io/instance={release}")
        running = {
            pod["metadata"]["name"].removeprefix("loki-"): kubernetes_pod_url(
                pod["metadata"]["name"], release, namespace
            )
            for pod in pods
            if pod["metadata"]["labels"].get("app.kubernetes.io/component") in STATELESS
            and not pod["metadata"].get("deletionTimestamp")
        }
        return {name: self._reach(url) for name, url in {**super().urls(cluster), **running}.items()}

    def ring_members(self, cluster: str) -> Collection[str]:
        """Return the names of the pods: Loki takes the host name."""
        return [
            str(urlsplit(url).hostname).partition(".")[0]
            for name, url in super().urls(cluster).items()
            if component_of(name, cluster) in ("ingester", "all")
        ]

    def gateway_url(self, cluster: str) -> str | None:
        """Return the address of the gateway's pods. The ingress before them may not be reached from here."""
        url = kubernetes_gateway_url(self.environment, cluster)
        return self._reach(url) if url else None

    def read_url(self, cluster: str) -> str:
        """Return the address of the query frontend. The gateway accepts no tenant from a client."""
        return self._reach(kubernetes_query_frontend_url(self.environment, cluster))

    def write_url(self, cluster: str) -> str:
        """Return the address of the distributors. The gateway accepts no tenant from a client, and has no ring."""
        return self._reach(kubernetes_distributors_url(self.environment, cluster))

    def ruler_url(self, cluster: str) -> str:
        return self._reach(kubernetes_ruler_url(self.environment, cluster))

    def prometheus_url(self, cluster: str) -> str | None:
        return self.environment.clusters[cluster].ruler.prometheus_url

    def alerting_prometheus_urls(self) -> tuple[str, ...]:
        """Return nothing: the Prometheus operator loads the rules, and the environment names no address of it."""
        return ()

    def writable_sources(self) -> Collection[str]:
        """Return nothing: the files of a node cannot be reached from here."""
        return ()

    def write_line(self, source: str, text: str) -> None:
        raise PlatformError(
            f"writing a line to source {source}: a node of Kubernetes cannot be reached from here. Look for the lines "
            "of the source in Loki instead."
        )

    # Changes

    def acquire_lease(self, owner: str, *, one_process: bool = False) -> str:
        return self._lease.acquire(owner, one_process=one_process)

    def release_lease(self, owner: str) -> bool:
        return self._lease.release(owner)

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        with self._renewing(owner, progress) as report:
            revision = self._revisions.add(stage, files, owner, datetime.now(UTC))
            self._make_live(stage, files, report)
            self._revisions.finish(revision)
            return revision

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        history = self._revisions.all(stage)
        if not history or history[-1].owner != owner:
            return None
        target = last_of_others(history, owner)
        files = self._revisions.files(target) if target else Files({})
        with self._renewing(owner, progress) as report:
            revision = history[-1]
            if revision.digest != files.digest:
                # Record the rollback as a revision: a later rollback must not return to the state that failed here.
                revision = self._revisions.add(stage, files, owner, datetime.now(UTC))
            self._finish_pending(stage, report)
            self._make_live(stage, files, report)
            self._revisions.finish(revision)
        return target if files else None

    def _make_live(self, stage: Stage, files: Files, progress: Progress) -> None:
        if stage == "rules":
            self._put_rules(files, progress)
            return
        wanted = stage_objects(files)
        if stage == "storage":
            self._accounts.write(files, progress)
        if stage == "loki":
            self._ensure_overrides(wanted.releases, progress)
        for manifest_ in wanted.objects:
            self._apply_object(manifest_, progress)
        self._apply_releases(wanted.releases, progress)
        self._remove(self._unwanted(stage, wanted), progress)

    def _remove_added(self, proposals: Sequence[Proposal], progress: Progress) -> None:
        """Remove the fields that somebody added, and that the plan has shown: an apply would leave them."""
        for proposal in proposals:
            if proposal.added and (live := self.api.live(proposal.any_state, proposal.id.namespace)):
                found = [addition for addition in additions(live) if addition.conflict in proposal.added]
                progress(f"removing from {proposal.id}: {', '.join(addition.conflict.field for addition in found)}")
                self.api.replace(without_additions(live, found), proposal.id.namespace)

    def _apply_object(self, wanted: Object, progress: Progress) -> None:
        (proposal,) = try_objects(self.api, [wanted], LOGOPS)
        self._refuse_new_conflicts([proposal])
        if not cluster_plan([proposal], []).changed and not proposal.unknown and not proposal.refused:
            return
        progress(f"applying {proposal.id}")
        self._remove_added([proposal], progress)
        self.api.put(wanted, wanted["metadata"]["namespace"], LOGOPS, force=bool(proposal.conflicts))

    def _apply_releases(self, releases: Sequence[Release], progress: Progress) -> None:
        """Apply releases one after the other. A release that is as declared is left alone."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            looks = list(pool.map(self._look, releases))
        is_newest = True
        for release, look in zip(releases, looks, strict=True):
            # An apply takes minutes, in which the other releases may change.
            installed, proposals = look if is_newest else self._look(release)
            if installed and installed.status in PENDING:
                raise PlatformError(_pending(installed))
            self._refuse_new_conflicts(proposals)
            if installed and is_as_wanted(installed, release) and not cluster_plan(proposals, []).changed:
                progress(f"release {release.name} is as declared")
            else:
                is_newest = False
                self._apply_release(release, proposals, progress)
            self._roll(release, proposals, progress)

    def _apply_release(self, release: Release, proposals: Sequence[Proposal], progress: Progress) -> None:
        progress(f"applying release {release.name}")
        self._remove_added(proposals, progress)
        grow_claims(self.api, proposals, progress)
        self._helm.upgrade(
            release,
            progress,
            timeout_s=self._ready_within_s,
            force_conflicts=any(proposal.conflicts or proposal.left for proposal in proposals),
        )

    def _roll(self, release: Release, proposals: Sequence[Proposal], progress: Progress) -> None:
        """Restart the ingesters of a release that run an older template, one after the other."""
        cluster = self._cluster_of(release)
        rolled = [
            proposal.rendered for proposal in proposals if proposal.rendered and is_rolled_here(proposal.rendered)
        ]
        if not cluster or not rolled:
            return
        services = {stateful["metadata"]["name"]: str(stateful["spec"]["serviceName"]) for stateful in rolled}

        def url_of(pod: str) -> str:
            return self._reach(kubernetes_pod_url(pod, services[pod.rpartition("-")[0]], release.namespace))

        roll(
            self.api,
            [(release.namespace, name) for name in services],
            LokiCluster(
                self.write_url(cluster), url_of, lambda: CanaryLines(self._canaries(release, cluster), progress)
            ),
            progress,
            self._restarted_within_s,
        )

    def _canaries(self, release: Release, cluster: str) -> list[Canary]:
        """Return the running canaries of a cluster; none if it declares none."""
        declared = self.environment.clusters[cluster].canary
        if declared is None:
            return []
        labels = f"app.kubernetes.io/instance={release.name},app.kubernetes.io/component=canary"
        pods = [pod for pod in self.api.items("v1", "Pod", release.namespace, labels) if is_ready(pod)]
        return [
            Canary(
                pod,
                self._reach(kubernetes_pod_url(pod, release.name, release.namespace, CANARY_PORT)),
                self.read_url(cluster),
                declared.tenant,
                f'{{job="{CANARY_LABELS["job"]}", pod="{pod}"}}',
                declared.interval.seconds,
            )
            for pod in (each["metadata"]["name"] for each in pods)
        ]

    def _look(self, release: Release) -> tuple[InstalledRelease | None, list[Proposal]]:
        """Return a release as it is, and what an apply would do. Helm refuses to try one that a killed Helm left."""
        installed = installed_release(self.api, release.name, release.namespace)
        is_pending = installed is not None and installed.status in PENDING
        return installed, [] if is_pending else self._tried(release, installed)

    def _tried(self, release: Release, installed: InstalledRelease | None) -> list[Proposal]:
        """Return what an apply of a release would do to each object."""
        rendered = self._helm.rendered(release)
        old = installed.objects if installed else ()
        return [
            *try_objects(self.api, rendered.objects, HELM, release.namespace),
            *try_deletions(self.api, without(old, rendered.objects, release.namespace), release.namespace),
        ]

    def _waiting_pods(self, proposals: Sequence[Proposal]) -> Iterator[ObjectDiff]:
        """Yield the pods that run an older template than their StatefulSet has: a restart that did not come to its
        end."""
        for proposal in proposals:
            if proposal.before and is_rolled_here(proposal.before):
                for pod in outdated_pods(self.api, proposal.before):
                    line = "+restart: it runs an older template than its StatefulSet has"
                    yield ObjectDiff(component(pod), str(object_id(pod)), "change", (line,))

    def _unwanted(self, stage: Stage, wanted: StageObjects) -> StageObjects:
        """Return the releases and objects of earlier revisions that the stage does not want any more."""
        kept = {(release.name, release.namespace) for release in wanted.releases}
        releases: dict[tuple[str, str], Release] = {}
        objects: dict[object, Object] = {}
        for files in self._revisions.known(stage):
            found = unread_stage_objects(files)
            releases |= {(release.name, release.namespace): release for release in found.releases}
            objects |= {object_id(manifest_): manifest_ for manifest_ in found.objects}
        return StageObjects(
            tuple(release for key, release in releases.items() if key not in kept),
            tuple(without(list(objects.values()), wanted.objects)),
        )

    def _remove(self, gone: StageObjects, progress: Progress) -> None:
        for release in gone.releases:
            progress(f"removing release {release.name}")
            self._helm.uninstall(release.name, release.namespace, progress, timeout_s=self._ready_within_s)
        for unwanted in gone.objects:
            identity = object_id(unwanted)
            if identity.name in map(tenants_object_name, self.environment.clusters):
                # Pods mount it. Without it, none could start.
                self.api.put(_without_overrides(identity.name, identity.namespace), identity.namespace, LOGOPS)
            elif self.api.delete(unwanted["apiVersion"], identity.kind, identity.name, identity.namespace):
                progress(f"deleted {identity}")

    def _finish_pending(self, stage: Stage, progress: Progress) -> None:
        """Go back to the last good revision of each release that a killed Helm left behind.

        Only for a rollback: the run that killed it, or died with it, holds the lease.
        """
        for files in self._revisions.known(stage):
            for release in unread_stage_objects(files).releases:
                installed = installed_release(self.api, release.name, release.namespace)
                if installed and installed.status in PENDING:
                    progress(f"release {release.name} is {installed.status}: Helm was killed")
                    good = self._helm.last_deployed(release.name, release.namespace)
                    if good is None:
                        self._helm.uninstall(release.name, release.namespace, progress, timeout_s=self._ready_within_s)
                    else:
                        self._helm.roll_back(
                            release.name, release.namespace, good, progress, timeout_s=self._ready_within_s
                        )

    def _ensure_overrides(self, releases: Sequence[Release], progress: Progress) -> None:
        """Create the ConfigMap of each cluster's overrides, without any, if it does not exist: pods mount it."""
        for release in releases:
            if cluster := self._cluster_of(release):
                name = tenants_object_name(cluster)
                if self.api.read("v1", "ConfigMap", name, release.namespace) is None:
                    progress(f"creating ConfigMap {release.namespace}/{name}")
                    self.api.put(_without_overrides(name, release.namespace), release.namespace, LOGOPS)

    def _refuse_new_conflicts(self, proposals: Sequence[Proposal]) -> None:
        """Raise PlatformError if a field has another owner now, whom no plan has named."""
        for identity, conflict in _conflicts(proposals) - self._known_conflicts:
            raise PlatformError(
                f"applying {identity}: {conflict.owner} owns {conflict.field}. Nothing was changed there. Plan again: "
                f"`logops plan {self.environment.name}`."
            )

    def _releases_of_ours(self, stage: Stage) -> set[tuple[str, str]]:
        """Return name and namespace of the releases that rollouts of this environment made."""
        return {
            (release.name, release.namespace)
            for files in self._revisions.known(stage)
            for release in unread_stage_objects(files).releases
        }

    def _cluster_of(self, release: Release) -> str:
        """Return the cluster of a release; empty if it is no release of Loki."""
        return next((name for name in self.environment.clusters if loki_release_name(name) == release.name), "")

    # Rules

    def _live_rules(self) -> Files:
        """Return the rules that the rulers store. Before the first rollout of Loki there are none."""
        last = self._revisions.live("rules")
        if not self._revisions.live("loki"):
            return last
        texts: dict[str, str] = {}
        for owner in declared_owners(self.environment, last):
            with LokiClient(self.ruler_url(owner[0])) as client:
                texts |= read_rules(client, self.environment.name, owner)
        return Files(texts)

    def _put_rules(self, desired: Files, progress: Progress) -> None:
        live_rules = self._live_rules()
        for owner in declared_owners(self.environment, {**live_rules, **desired}):
            with LokiClient(self.ruler_url(owner[0])) as client:
                write_rules(client, owner, live_rules, desired, progress)

    @contextmanager
    def _renewing(self, owner: str, progress: Progress) -> Iterator[Progress]:
        """Renew the lease of a run before its work, and at its messages."""
        self._lease.renew(owner)
        renewed_at = time.monotonic()

        def report(line: str) -> None:
            nonlocal renewed_at
            if time.monotonic() - renewed_at > _RENEW_S:
                renewed_at = time.monotonic()
                self._lease.renew(owner)
            progress(line)

        yield report


def without(objects: Sequence[Object], others: Sequence[Object], namespace: str = "") -> list[Object]:
    """Return the objects that are not among others."""
    kept = {object_id(other, namespace) for other in others}
    return [wanted for wanted in objects if object_id(wanted, namespace) not in kept]


def _conflicts(proposals: Sequence[Proposal]) -> set[tuple[object, Conflict]]:
    return {(proposal.id, conflict) for proposal in proposals for conflict in (*proposal.conflicts, *proposal.added)}


def _without_placeholder(proposal: Proposal) -> Proposal:
    """Return a proposal without overrides that say nothing: the stage `loki` makes them after the plan, for its pods.

    Otherwise each first plan would go stale.
    """
    nothing = {TENANTS_FILE: NO_OVERRIDES}
    before, rendered = proposal.before or {}, proposal.rendered or {}
    is_placeholder = before.get("data") == nothing != rendered.get("data")
    return replace(proposal, before=None) if is_placeholder else proposal


def _without_overrides(name: str, namespace: str) -> Object:
    return manifest("v1", "ConfigMap", name, namespace, {"data": {TENANTS_FILE: NO_OVERRIDES}})


def _missing_namespace(name: str) -> Mark:
    return Mark(
        PLAN_UNKNOWN,
        f"Namespace {name}",
        f"Namespace {name} does not exist, so the API server cannot try the change.",
        "always",
        f"Create it: `kubectl create namespace {name}`. Then plan again: `logops plan ENV`.",
    )


def _missing_secrets(files: Files) -> Iterator[Mark]:
    for source in secret_sources(files):
        for reference in missing_secrets(source):
            subject = f"Secret {source.namespace}/{source.name}"
            message = f"{subject} needs {reference}, which is not known here."
            yield Mark(SECRET_MISSING, subject, message, "always", f"{reference.how_to_set} Then plan again.")


def _pending_mark(installed: InstalledRelease) -> Mark:
    return Mark(
        PLAN_UNKNOWN,
        f"Release {installed.namespace}/{installed.name}",
        _pending(installed),
        "always",
        "Then plan again: `logops plan ENV`.",
    )


def _pending(installed: InstalledRelease) -> str:
    name, namespace = installed.name, installed.namespace
    return (
        f"Release {namespace}/{name} is {installed.status}: Helm was killed while it worked on revision "
        f"{installed.revision}, and no other Helm continues it. Look at `helm history {name} -n {namespace}`, and go "
        f"back to the last good revision: `helm rollback {name} REVISION -n {namespace}`. If there is none: "
        f"`helm uninstall {name} -n {namespace}`."
    )


def _foreign_mark(installed: InstalledRelease) -> Mark:
    return Mark(
        RELEASE_FOREIGN,
        f"Release {installed.namespace}/{installed.name}",
        f"Release {installed.namespace}/{installed.name} exists (revision {installed.revision}, chart "
        f"{installed.chart} {installed.version}), and no rollout of this environment made it.",
        "until accepted",
    )

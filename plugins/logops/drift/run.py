"""Run the drift check: look, judge, look again, record. The only import of entry points."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from logops.checks.recording import record
from logops.drift.airflow_files import AirflowFiles, airflow_findings, of_checkout
from logops.drift.judge import Context, judged
from logops.drift.observe import observe
from logops.drift.observed import Observed
from logops.findings import Finding, Run, Subject, failed
from logops.findings.acceptance import Acceptance, acceptance_of, read_acceptances
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.number_text import age_text, count_text
from logops.platforms import rendered
from logops.render import STAGES, Stage
from logops.toolchain import PROGRAMS, project_root

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore
    from logops.platforms.platform import DeployablePlatform, ReadablePlatform

CHECK = "drift"
AIRFLOW_CHECK = "airflow-files"
"""Recorded by the DAG only: a terminal does not know which files Airflow runs."""
AIRFLOW = "airflow"
"""The part of Airflow's own files, beside the stages."""
_ONLY_READ = (
    "Not compared, because there is no login to the cluster: objects, rules and agents. A run compares what Loki runs "
    "with, its limits and rings, and the storage accounts."
)
SETTLE_S = 5.0
"""Time between two looks: Loki reloads overrides every two seconds, and a process that restarts needs a moment."""


@dataclass(frozen=True)
class DriftRequest:
    """A request for a drift check."""

    run: str
    """Id of the run."""
    as_of: datetime
    """The present: the live system has no past."""
    stages: tuple[Stage, ...] = STAGES
    airflow: AirflowFiles | None = None
    """The files that Airflow runs. None: they are not compared."""

    @property
    def is_whole(self) -> bool:
        """Whether it compares everything, as the scheduled run does. Only then it is recorded."""
        return self.stages == STAGES


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the result: a stage, or Airflow's files."""

    name: str
    compared: str
    """The compared objects, in numbers. Empty: nothing was compared."""
    different: int
    accepted: int
    rolled_out: str = ""
    """The last rollout of the stage: who, and how long ago."""
    is_rolled_out: bool = True
    """Whether it was ever rolled out, as far as that is known."""

    @property
    def verdict(self) -> str:
        if not self.is_rolled_out:
            return "not rolled out"
        if not self.compared:
            return "not compared"
        if not self.different and not self.accepted:
            return "as declared"
        return ", ".join(
            text
            for count, text in (
                (self.different, f"{self.different} different"),
                (self.accepted, f"{self.accepted} accepted"),
            )
            if count
        )


@dataclass(frozen=True)
class DriftResult:
    """The result of a drift check."""

    environment: str
    as_of: datetime
    findings: tuple[Finding, ...] = ()
    parts: tuple[Part, ...] = ()
    accepted: dict[str, Acceptance] = field(default_factory=dict)
    """Id of a finding -> the decision of a person to leave it for a time."""
    rollout: str = ""
    """The rollout that was changing the environment: nothing was compared."""
    notes: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody accepted."""
        return tuple(finding for finding in self.findings if finding.id not in self.accepted)

    @property
    def failed(self) -> bool:
        """Whether something differs that nobody accepted, or could not be compared."""
        return bool(self.rollout) or failed(self.open)

    @property
    def headline(self) -> str:
        """The result in one line, with the verdict first."""
        if self.rollout:
            return (
                f"not compared: the rollout {self.rollout} is changing {self.environment}. Compare when it has ended."
            )
        incomplete = sum(finding.cls is CHECK_INCOMPLETE for finding in self.open)
        different = len(self.open) - incomplete
        texts = [count_text(different, "difference") if different else ""]
        texts.append(f"{len(self.accepted)} accepted" if self.accepted else "")
        texts.append(f"not everything was compared: {count_text(incomplete, 'reason')}" if incomplete else "")
        if not any(texts):
            compared = ", ".join(part.name for part in self.parts if part.compared)
            return f"all as declared ({compared})" if compared else "nothing was compared"
        differing = ", ".join(part.name for part in self.parts if part.different or part.accepted)
        return ", ".join(filter(None, texts)) + (f" ({differing})" if differing else "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: `{headline, as_of, failed, rollout, notes, parts, findings}`."""
        return {
            "headline": self.headline,
            "as_of": self.as_of.isoformat(),
            "failed": self.failed,
            "rollout": self.rollout,
            "notes": list(self.notes),
            "parts": [
                {
                    "name": part.name,
                    "compared": part.compared,
                    "verdict": part.verdict,
                    "different": part.different,
                    "accepted": part.accepted,
                    "rolled_out": part.rolled_out,
                }
                for part in self.parts
            ],
            "findings": [
                {
                    **finding.to_dict(),
                    "id": finding.id,
                    "accepted": self.accepted[finding.id].text if finding.id in self.accepted else None,
                }
                for finding in self.findings
            ],
        }


def run_drift(
    platform: "ReadablePlatform",
    request: DriftRequest,
    store: "ResultsStore",
    progress: Callable[[str], None],
    *,
    record_result: bool = True,
) -> DriftResult:
    """Compare the live system with what its environment file renders.

    While a rollout changes the environment, nothing is compared and nothing is recorded. Raises StoreUnreachableError;
    PlatformError, PlacementError or ToolchainError if the environment cannot be rendered.
    """
    environment = platform.environment
    deployable = _deployable(platform)
    desired = deployable.desired() if deployable else rendered(environment, project_root())
    # First, so that an unreadable store is reported before anything is read.
    acceptances = read_acceptances(store, environment.name, request.as_of)
    versions = {name: program.version for name, program in PROGRAMS.items()}

    def look() -> tuple[Observed, list[Finding]]:
        observed = observe(platform, deployable, desired, request.stages, progress)
        return observed, judged(Context(environment, observed, desired, versions, request.as_of))

    def running_rollout() -> str:
        return (deployable.lease_owner() if deployable else None) or ""

    if rollout := running_rollout():
        return DriftResult(environment.name, request.as_of, rollout=rollout)
    observed, findings = look()
    if findings:
        progress(f"{count_text(len(findings), 'difference')}: looking again in {SETTLE_S:.0f} s")
        time.sleep(SETTLE_S)
        before = {finding.identity for finding in findings}
        observed, findings = look()
        findings = [finding for finding in findings if finding.identity in before or finding.cls is CHECK_INCOMPLETE]
    if rollout := running_rollout():
        return DriftResult(environment.name, request.as_of, rollout=rollout)
    from_airflow = _from_airflow(environment.name, request)
    all_findings = (*findings, *from_airflow)
    accepted = {
        finding.id: acceptance for finding in all_findings if (acceptance := acceptance_of(finding, acceptances))
    }
    result = DriftResult(
        environment.name,
        request.as_of,
        all_findings,
        tuple(_parts(observed, request, all_findings, accepted)),
        accepted,
        notes=() if deployable else (_ONLY_READ,),
    )
    if record_result and request.is_whole:
        record(store, Run(environment.name, CHECK, request.run, request.as_of), findings)
        if request.airflow:
            record(store, Run(environment.name, AIRFLOW_CHECK, request.run, request.as_of), from_airflow)
    return result


def _deployable(platform: "ReadablePlatform") -> "DeployablePlatform | None":
    """Return the platform if its objects can be compared: not without a login to its cluster."""
    if platform.environment.platform.kind == "local":
        return cast("DeployablePlatform", platform)
    # Only an environment on Kubernetes needs its client.
    from logops.platforms.kubernetes.platform import KubernetesPlatform

    return platform if isinstance(platform, KubernetesPlatform) else None


def _from_airflow(environment: str, request: DriftRequest) -> list[Finding]:
    """Return the differences of Airflow's files, or the reason why they could not be compared."""
    if request.airflow is None:
        return []
    try:
        return airflow_findings(request.airflow, of_checkout(project_root()), environment, request.as_of)
    except OSError as error:
        message = f"Not compared: the files that Airflow runs ({error}). Whether they drifted is unknown."
        return [Finding(CHECK_INCOMPLETE, Subject(environment=environment), message, request.as_of, {"stage": AIRFLOW})]


def _parts(
    observed: Observed, request: DriftRequest, findings: Sequence[Finding], accepted: dict[str, Acceptance]
) -> list[Part]:
    """Return a line for each stage, and one for Airflow's files if they were compared."""
    names: list[str] = [*request.stages, *([AIRFLOW] if request.airflow else [])]
    parts = []
    for name in names:
        of_part = [finding for finding in findings if finding.evidence.get("stage") == name]
        taken = sum(finding.id in accepted for finding in of_part)
        compared = "DAGs and package" if name == AIRFLOW else _compared(observed, name)
        rolled_out = _rolled_out(observed, name, request.as_of)
        is_rolled_out = name not in observed.not_rolled_out
        parts.append(Part(name, compared, len(of_part) - taken, taken, rolled_out, is_rolled_out))
    return parts


def _compared(observed: Observed, stage: str) -> str:
    """Return what was compared of a stage, in numbers; empty if nothing was."""
    if observed.is_stopped:
        return ""
    state = next((state for name, state in observed.stages.items() if name == stage), None)
    processes = [process for process in observed.processes if process.file.startswith(f"{stage}/")]
    parts = (
        (len(state.desired.named_in_plans) if state else 0, "file"),
        (len(state.desired.workloads) if state else 0, "process"),
        (sum(process.name in observed.running for process in processes), "running configuration"),
        (len(observed.rings) if stage == "loki" else 0, "ring"),
        (len(observed.public) if stage == "storage" else 0, "storage account"),
    )
    texts = [count_text(count, noun) for count, noun in parts if count]
    if stage == "tenants" and observed.limits:
        texts.append(f"limits in {count_text(len(observed.limits), 'process')}")
    return ", ".join(texts)


def _rolled_out(observed: Observed, stage: str, as_of: datetime) -> str:
    state = next((state for name, state in observed.stages.items() if name == stage), None)
    if state is None:
        return ""
    return f"{state.revision.owner}, {age_text((as_of - state.revision.applied_at).total_seconds())} ago"

"""Verify an applied stage on the running system."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from logops.platforms.platform import DeployablePlatform, Progress
from logops.render import Stage
from logops.rollout.errors import VerificationError, VerificationResult
from logops.rollout.verifications import agents, loki, rules, storage, tenants
from logops.rollout.verifications.verification import Verification

VERIFICATIONS: dict[Stage, Callable[[DeployablePlatform], Iterable[Verification]]] = {
    "storage": storage.verifications,
    "loki": loki.verifications,
    "agents": agents.verifications,
    "tenants": tenants.verifications,
    "rules": rules.verifications,
}


def verify_stage(platform: DeployablePlatform, stage: Stage, progress: Progress) -> tuple[VerificationResult, ...]:
    """Run every verification of a stage, several in parallel. Raises VerificationError if one failed."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        checks = tuple(pool.map(_run, VERIFICATIONS[stage](platform)))
    for check in checks:
        progress(str(check))
    if not all(check.passed for check in checks):
        raise VerificationError(stage, checks)
    return checks


def _run(verification: Verification) -> VerificationResult:
    """A verification that raises an error has failed; the error is its detail."""
    started = time.monotonic()
    try:
        passed, detail = True, verification.run()
    except Exception as error:
        passed, detail = False, str(error) or type(error).__name__
    return VerificationResult(
        verification.name, verification.subject, passed, detail, round(time.monotonic() - started, 3)
    )

"""Prove that an applied stage does what it must, on the real thing."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from logops.platforms.platform import DeployablePlatform, Progress
from logops.render import Stage
from logops.rollout.errors import Check, VerificationError
from logops.rollout.verifications import agents, loki, rules, storage, tenants
from logops.rollout.verifications.proof import Proof

PROOFS: dict[Stage, Callable[[DeployablePlatform], Iterable[Proof]]] = {
    "storage": storage.proofs,
    "loki": loki.proofs,
    "agents": agents.proofs,
    "tenants": tenants.proofs,
    "rules": rules.proofs,
}


def verify_stage(platform: DeployablePlatform, stage: Stage, progress: Progress) -> tuple[Check, ...]:
    """Run every check of a stage, several at once. Raises VerificationError with all of them where one did not pass."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        checks = tuple(pool.map(_run, PROOFS[stage](platform)))
    for check in checks:
        progress(str(check))
    if not all(check.passed for check in checks):
        raise VerificationError(stage, checks)
    return checks


def _run(proof: Proof) -> Check:
    """A proof that breaks is a check that failed, with what broke it."""
    started = time.monotonic()
    try:
        passed, detail = True, proof.run()
    except Exception as error:
        passed, detail = False, str(error) or type(error).__name__
    return Check(proof.name, proof.subject, passed, detail, round(time.monotonic() - started, 3))

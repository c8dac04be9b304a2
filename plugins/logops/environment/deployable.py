"""Say what logops cannot do yet with an environment on Kubernetes."""

from logops.environment.model import Environment


def not_deployable(environment: Environment) -> str:
    """Return why logops cannot deploy an environment, and what works for it, in one line; empty if it can.

    The terminal shows the line also after commands that work, so that nobody plans with a rollout.
    """
    if environment.platform.kind == "local":
        return ""
    return (
        f"Environment {environment.name} is for Kubernetes. logops cannot roll it out, start it or stop it yet. "
        "These commands work for it: check, render, audit, query, bench, lifecycle show."
    )

"""The shipped environments, with changes by a test, and their rendered files."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from logops.environment import Environment, load_environment
from logops.platforms import base_values, terraform_module
from logops.render import STAGES, Files, Stage, local_programs, local_topology, render_kubernetes, render_local
from logops.render.supervisor import SupervisedProgram
from logops.rules.prometheus import load_prometheus_rules
from logops.rules.read import load_rules
from logops.toolchain.programs import SERVICES

FOLDER = Path(__file__).parents[2] / "include" / "environments"
STATE = Path("/srv/logops/local")
COMMANDS = {name: (f"/opt/logops/{name}",) for name in (*SERVICES, "logops")}
RULES = load_rules(Path(__file__).parents[2])
PROMETHEUS_RULES = load_prometheus_rules(Path(__file__).parents[2])
BASE_VALUES = base_values()
TERRAFORM_MODULE = terraform_module()


def environment(name: str, *changes: tuple[str, Any]) -> Environment:
    """Return `local` or `production` with changes, as `("clusters.main.log_level", "info")`. None removes a key."""
    data: Any = json.loads(_as_json(name))
    for path, value in changes:
        *parents, last = path.split(".")
        at = data
        for parent in parents:
            at = at.setdefault(parent, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
    return Environment.model_validate_json(json.dumps(data))


@cache
def _as_json(name: str) -> str:
    path = FOLDER / f"{name}.yaml"
    return load_environment(path).model_dump_json(by_alias=True, exclude_none=True)


def rendered(wanted: Environment) -> dict[Stage, Files]:
    return render_local(wanted, STATE, COMMANDS, RULES, PROMETHEUS_RULES)


def rendered_on_kubernetes(wanted: Environment) -> dict[Stage, Files]:
    return render_kubernetes(wanted, RULES, PROMETHEUS_RULES, "", BASE_VALUES, TERRAFORM_MODULE)


def programs(wanted: Environment) -> dict[str, SupervisedProgram]:
    """Return every program of a local environment, by name."""
    texts = rendered(wanted)
    staged = local_programs(local_topology(wanted, STATE), COMMANDS, texts)
    return {program.name: program for stage in STAGES for program in staged[stage]}

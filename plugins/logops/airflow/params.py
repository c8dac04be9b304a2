"""Parameters that several DAGs have, with the words of their fields in the trigger form.

Airflow reads this module whenever it parses a DAG file: no heavy imports.
"""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param

MORE = "More options"
"""Section of the form for parameters that a person seldom changes."""


def environment_param(names: Sequence[str], default: str, purpose: str) -> Param:
    """Return the parameter that selects an environment.

    purpose   what the run does with it, as the start of a sentence: "The environment to audit"
    """
    return Param(
        default,
        type="string",
        enum=[*names],
        title="Environment",
        description=f"{purpose}. An environment is a file in include/environments.",
    )


def moment_param(title: str, purpose: str) -> Param:
    """Return the parameter with the moment at which a check judges.

    purpose   what the moment is for, as the start of a sentence
    """
    return Param(
        None,
        type=["null", "string"],
        format="date-time",
        title=title,
        description=f"{purpose}. Empty: the time of this run.",
        section=MORE,
    )


def names_param(title: str, description: str, **schema: Any) -> Param:
    """Return a parameter with any number of texts, one per line."""
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        title=title,
        description=description,
        **schema,
    )


def budget_param() -> Param:
    """Return the parameter that limits how much a run reads."""
    return Param(
        None,
        type=["null", "string"],
        title="Budget",
        description="How much may be read in the whole run: a number and MiB, GiB or TiB. "
        "Empty: as in the environment file.",
        section=MORE,
    )

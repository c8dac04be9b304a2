"""The stages of a rollout, in order. Declared once, for render, the DAG and the terminal; imports nothing heavy."""

from typing import Literal, get_args

Stage = Literal["storage", "loki", "agents", "tenants", "rules"]
STAGES: tuple[Stage, ...] = get_args(Stage)
